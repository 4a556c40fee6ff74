import {
  instant,
  type Instant,
  isAtOrBefore,
  isBefore,
  refusal,
  Refused,
  toRfc3339,
} from '@ledgerline/kernel';
import { setTimeout as pause } from 'node:timers/promises';
import { planClockStep } from '../core/plan-clock-step.js';
import type { ClockSurroundings, DueItem } from '../core/ports.js';

export interface MoveLimits {
  /** Due instants one move may pass. */
  readonly stepsMax: number;
  /** How long one step waits for its work. */
  readonly stepTimeoutMs: number;
}

export interface Moved {
  readonly now: Instant;
  readonly steps: number;
}

// ClickHouse holds times up to 2299, and what begins now may end decades later. A clock never comes back from too far.
const latestAt = instant('2200-01-01T00:00:00Z');

// Short against a job's few milliseconds, long against the queries it costs.
const lookAgainMs = 15;

/** Moves virtual time to `target`, from due instant to due instant, and answers when the work that came due is done. */
export class MoveClock {
  constructor(
    private readonly around: ClockSurroundings,
    private readonly limits: MoveLimits,
  ) {}

  async run(target: Instant): Promise<Moved> {
    const moved = await this.around.whileAlone(() => this.move(target));
    if (moved === undefined) {
      throw new Refused(refusal.conflict('another request is moving the clock', { retryAfterSeconds: 1 }));
    }
    return moved;
  }

  private async move(target: Instant): Promise<Moved> {
    const start = await this.around.now();
    if (isBefore(latestAt, target)) {
      throw new Refused(refusal.invalidField('$.now', 'clock.too_late', `lies after ${toRfc3339(latestAt)}`));
    }
    if (isBefore(target, start)) {
      const message = `lies before the clock's ${toRfc3339(start)}; time only moves forward`;
      throw new Refused(refusal.invalidField('$.now', 'clock.backwards', message));
    }
    // Work that earlier requests have left must not happen at a later time than they were made.
    await this.settle(start);
    let now = start;
    for (let steps = 0; ; steps += 1) {
      const due = await this.around.nextDue();
      const step = planClockStep(
        now,
        target,
        due.map((item) => item.dueAt),
      );
      if (step.kind === 'stop-for-work' && steps === this.limits.stepsMax) {
        throw new Refused(
          refusal.unavailable(
            `the clock stands at ${toRfc3339(now)}: ${steps} steps are the limit of one move ` +
              `(billing.clockStepsMax); send the same request again to go on`,
          ),
        );
      }
      await this.around.set(step.at);
      now = step.at;
      if (step.kind === 'arrive') return { now, steps };
      await this.settle(now);
    }
  }

  /** Waits until nothing is due at `now` and nothing that runs can make more work. */
  private async settle(now: Instant): Promise<void> {
    const deadline = performance.now() + this.limits.stepTimeoutMs;
    for (;;) {
      const unrest = await this.around.findUnrest();
      const due: readonly DueItem[] = unrest === undefined ? await this.dueBy(now) : [];
      if (unrest === undefined && due.length === 0) return;
      if (performance.now() > deadline) throw new Refused(stuck(now, unrest, due, this.limits.stepTimeoutMs));
      await this.around.requestWork(due);
      await pause(lookAgainMs);
    }
  }

  private async dueBy(now: Instant): Promise<DueItem[]> {
    return (await this.around.nextDue()).filter((item) => isAtOrBefore(item.dueAt, now));
  }
}

function stuck(now: Instant, unrest: string | undefined, due: readonly DueItem[], timeoutMs: number) {
  const [first] = due;
  const what =
    first === undefined
      ? (unrest ?? '')
      : `"${first.name}" of namespace ${first.namespace}, due ${toRfc3339(first.dueAt)}, is not done`;
  return refusal.unavailable(`the clock stands at ${toRfc3339(now)}: after ${timeoutMs} ms ${what}`);
}
