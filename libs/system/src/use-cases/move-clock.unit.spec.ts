import { describe, expect, it } from '@jest/globals';
import { type Instant, instant, isAtOrBefore } from '@ledgerline/kernel';
import type { ClockSurroundings, DueItem } from '../core/ports.js';
import { MoveClock } from './move-clock.js';

const at = (day: number): Instant => instant('2025-01-01T00:00:00Z').add({ hours: 24 * (day - 1) });

/** An instance whose only work is due on the given days; each request for work does what is due. */
class ToyInstance implements ClockSurroundings {
  readonly done: string[] = [];
  readonly set_: string[] = [];
  alone = true;
  obedient = true;
  unrest: (string | undefined)[] = [];

  constructor(
    public time: Instant,
    public due: Instant[],
    /** Work that doing work brings about. */
    private readonly next: (done: Instant) => Instant | undefined = () => undefined,
  ) {}

  async whileAlone<T>(move: () => Promise<T>): Promise<T | undefined> {
    return this.alone ? move() : undefined;
  }
  now = () => Promise.resolve(this.time);
  set(to: Instant): Promise<void> {
    this.time = to;
    this.set_.push(to.toString().slice(0, 10));
    return Promise.resolve();
  }
  nextDue(): Promise<readonly DueItem[]> {
    return Promise.resolve(this.due.map((dueAt) => ({ name: 'toy', namespace: 'default', dueAt })));
  }
  requestWork(items: readonly DueItem[]): Promise<void> {
    if (!this.obedient) return Promise.resolve();
    for (const { dueAt } of items) {
      expect(isAtOrBefore(dueAt, this.time)).toBe(true);
      this.done.push(`${dueAt.toString().slice(0, 10)} at ${this.time.toString().slice(0, 10)}`);
      const next = this.next(dueAt);
      this.due = [...this.due.filter((one) => !one.equals(dueAt)), ...(next === undefined ? [] : [next])];
    }
    return Promise.resolve();
  }
  findUnrest = () => Promise.resolve(this.unrest.shift());
}
const move = (toy: ToyInstance, to: Instant, limits: { stepsMax?: number; stepTimeoutMs?: number } = {}) =>
  new MoveClock(toy, { stepsMax: 100, stepTimeoutMs: 5_000, ...limits }).run(to);

describe('MoveClock', () => {
  it('stops at every due instant, also at those that the work itself brings about', async () => {
    const toy = new ToyInstance(at(1), [at(5)], (done) =>
      isAtOrBefore(at(15), done) ? undefined : done.add({ hours: 120 }),
    );
    const moved = await move(toy, at(20));
    expect(toy.done).toEqual([
      '2025-01-05 at 2025-01-05',
      '2025-01-10 at 2025-01-10',
      '2025-01-15 at 2025-01-15',
    ]);
    expect(moved.steps).toBe(3);
    expect(moved.now.toString()).toBe('2025-01-20T00:00:00Z');
    expect(toy.set_.at(-1)).toBe('2025-01-20');
  });

  it('does work that is overdue, and work due at the target, before it answers', async () => {
    const toy = new ToyInstance(at(5), [at(2), at(9)]);
    await move(toy, at(9));
    expect(toy.done).toEqual(['2025-01-02 at 2025-01-05', '2025-01-09 at 2025-01-09']);
  });

  it('waits until nothing that runs can make more work', async () => {
    const toy = new ToyInstance(at(1), []);
    toy.unrest = ['2 jobs are waiting or running', '1 notice is not handled yet'];
    await move(toy, at(2));
    expect(toy.unrest).toEqual([]);
  });

  it('answers at once when there is nothing to do, also for the time it is', async () => {
    const toy = new ToyInstance(at(3), []);
    expect((await move(toy, at(3))).steps).toBe(0);
  });

  it('refuses to go back, naming the field and the time', async () => {
    await expect(move(new ToyInstance(at(3), []), at(2))).rejects.toMatchObject({
      refusal: {
        kind: 'invalid',
        detail: "$.now: lies before the clock's 2025-01-03T00:00:00Z; time only moves forward",
        issues: [{ field: '$.now' }],
      },
    });
  });

  it('refuses to go where neither events nor periods can be kept, naming the field', async () => {
    const toy = new ToyInstance(at(3), []);
    await expect(move(toy, instant('2200-01-01T00:00:01Z'))).rejects.toMatchObject({
      refusal: { kind: 'invalid', issues: [{ field: '$.now', code: 'clock.too_late' }] },
    });
    expect(toy.set_).toEqual([]);
  });

  it('refuses a second mover', async () => {
    const toy = new ToyInstance(at(3), []);
    toy.alone = false;
    await expect(move(toy, at(4))).rejects.toMatchObject({ refusal: { kind: 'conflict' } });
  });

  it('says which work is stuck and stays where it is', async () => {
    const toy = new ToyInstance(at(1), [at(2)]);
    toy.obedient = false;
    await expect(move(toy, at(4), { stepTimeoutMs: 30 })).rejects.toMatchObject({
      refusal: {
        kind: 'unavailable',
        detail:
          'the clock stands at 2025-01-02T00:00:00Z: after 30 ms "toy" of namespace default, due 2025-01-02T00:00:00Z, is not done',
      },
    });
    expect(toy.time.toString()).toBe('2025-01-02T00:00:00Z');
  });

  it('gives up after a bounded number of steps and can be asked to go on', async () => {
    const toy = new ToyInstance(at(1), [at(2)], (done) => done.add({ hours: 24 }));
    await expect(move(toy, at(9), { stepsMax: 3 })).rejects.toMatchObject({
      refusal: { kind: 'unavailable' },
    });
    expect(toy.done).toHaveLength(3);
    expect((await move(toy, at(9))).steps).toBe(5);
  });
});
