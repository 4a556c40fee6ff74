import { type Clock, type Instant, refusal, Refused } from '@ledgerline/kernel';
import { answerCompleteness, type Completeness, marksOf } from '../core/answer-completeness.js';
import type { CompletenessStore, UsageLogEnds } from '../core/event-ports.js';

export interface CompletenessPorts {
  readonly store: CompletenessStore;
  readonly log: UsageLogEnds;
  readonly clock: Clock;
}

export interface CompletenessAnswer extends Completeness {
  readonly asOf: Instant;
}

/** Whether everything that was delivered is in, and what became of it. */
export class ReadCompleteness {
  constructor(private readonly ports: CompletenessPorts) {}

  async run(
    namespace: string,
    bounds: { readonly from: Instant | undefined; readonly to: Instant | undefined },
  ): Promise<CompletenessAnswer> {
    const { store, log, clock } = this.ports;
    const asOf = clock.now();
    const ends = await askLog(() => log.ends());
    const tally = await store.tally(namespace, {
      fromMs: bounds.from?.epochMilliseconds,
      toMs: bounds.to?.epochMilliseconds,
    });
    const marks = marksOf(ends, tally);
    const unstored = marks.filter(({ stored, logEnd }) => stored < logEnd);
    const [storingMs, buildingMs] = await Promise.all([
      askLog(() =>
        log.waitingAtMostMs(new Map(unstored.map(({ partition, stored }) => [partition, stored]))),
      ),
      store.buildingMs(marks.filter(({ stored, readings }) => readings < stored)),
    ]);
    return { asOf, ...answerCompleteness(ends, tally, { storingMs, buildingMs }) };
  }
}

export async function askLog<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refused(refusal.unavailable(`the log of usage events cannot be asked: ${reason}`));
  }
}
