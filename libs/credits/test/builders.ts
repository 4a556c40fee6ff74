import {
  decimal,
  floorToMinute,
  instant,
  type MinuteInstant,
  parseDuration,
  type Recurrence,
} from '@ledgerline/kernel';
import type { Grant } from '../src/core/index.js';

export const minuteAt = (text: string): MinuteInstant => floorToMinute(instant(text));

export const repeats = (interval: string, anchor: string): Recurrence => {
  const duration = parseDuration(interval);
  if (duration === undefined) throw new Error(`not an interval: ${interval}`);
  return { interval: duration, anchor: instant(anchor) };
};

/** A grant of 100 from the first minute of 2025 that never expires and loses everything at a reset. */
export const aGrant = (id: string, fields: Partial<Grant> = {}): Grant => ({
  id,
  amount: decimal(100),
  priority: 1,
  effectiveAt: minuteAt('2025-01-01T00:00:00Z'),
  minRollover: decimal(0),
  maxRollover: decimal(0),
  createdAt: instant('2025-01-01T00:00:00Z'),
  ...fields,
});
