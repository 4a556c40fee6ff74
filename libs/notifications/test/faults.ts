/** Thrown where the worker is killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Counts the places between two awaits and dies at the one a spec names. */
export class Faults {
  private left: number | undefined;

  /** Dies at the n-th place from now, counted from 1. */
  killAt(n: number): void {
    this.left = n;
  }

  off(): void {
    this.left = undefined;
  }

  /** The same object, with a place before and one after each of its methods. */
  around<T extends object>(inner: T): T {
    return new Proxy(inner, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          this.point();
          const answer: unknown = Reflect.apply(member, target, args);
          if (!(answer instanceof Promise)) return answer;
          return answer.then((value: unknown) => {
            this.point();
            return value;
          });
        };
      },
    });
  }

  private point(): void {
    if (this.left === undefined) return;
    this.left -= 1;
    if (this.left > 0) return;
    this.left = undefined;
    throw new Killed();
  }
}
