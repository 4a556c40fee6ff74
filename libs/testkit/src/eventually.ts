import { inspect, types } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/** How a check says that it is not there yet, together with what it saw. */
export class NotYet extends Error {
  constructor(readonly seen: unknown) {
    super('not yet');
  }
}

/**
 * Waits until `check` gives something other than `false`, `undefined` or `null` and returns it; a throw counts as
 * "not yet". Errors: after the deadline, saying what was waited for and what was seen last.
 */
export async function eventually<T>(
  check: () => Promise<T | false | undefined | null> | T | false | undefined | null,
  { deadlineMs = 10_000, what }: { deadlineMs?: number; what: string },
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    let seen: unknown;
    try {
      const value = await check();
      if (value !== false && value !== undefined && value !== null) return value;
      seen = value;
    } catch (thrown) {
      seen = thrown instanceof NotYet ? thrown.seen : thrown;
    }
    if (performance.now() >= deadline) {
      const last = isError(seen) ? seen.message : inspect(seen, { depth: 4, breakLength: 100 });
      throw new Error(`waited ${deadlineMs / 1000} s for ${what}; last seen: ${last}`, {
        ...(isError(seen) ? { cause: seen } : {}),
      });
    }
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }
}

/** True across realms too: the errors of Node itself are not `instanceof Error` inside Jest. */
const isError = (seen: unknown): seen is Error => types.isNativeError(seen) || seen instanceof Error;
