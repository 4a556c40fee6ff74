/** Thrown where the worker is killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Counts the places between two awaits and dies at the one a spec names. */
export class Faults {
  private left: number | undefined;
  private name = '';

  /** Dies at the n-th place from now, counted from 1. */
  killAt(n: number): void {
    this.left = n;
  }

  off(): void {
    this.left = undefined;
  }

  /** Where it died. */
  get where(): string {
    return this.name;
  }

  /** All places passed so far, in order. */
  readonly passed: string[] = [];

  point(name: string): void {
    this.passed.push(name);
    if (this.left === undefined) return;
    this.left -= 1;
    if (this.left > 0) return;
    this.left = undefined;
    this.name = name;
    throw new Killed(name);
  }

  /** The same object, with a place after each of its methods. */
  around<T extends object>(name: string, inner: T): T {
    return new Proxy(inner, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          const answer: unknown = await Reflect.apply(member, target, args);
          this.point(`after ${name}.${String(property)}`);
          return answer;
        };
      },
    });
  }
}
