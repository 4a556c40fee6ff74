import { decimal, type Decimal, floorToMinute, instant, type MinuteInstant } from '@ledgerline/kernel';
import fc from 'fast-check';
import type { Aggregation, CreditAccount, Grant, UsagePeriodEntry } from '../src/core/index.js';
import { aGrant, repeats } from './builders.js';

/** Everything lies on a grid of hours within two months, so that starts, ends, recurrences and resets often meet. */
export const gridHours = 60 * 24;
export const startAt = floorToMinute(instant('2025-01-01T00:00:00Z'));

export const hourAt = (hour: number): MinuteInstant => floorToMinute(startAt.add({ hours: hour }));

export interface Story {
  readonly account: CreditAccount;
  readonly uses: readonly { readonly at: MinuteInstant; readonly value: string }[];
  readonly until: MinuteInstant;
}

const hour = fc.oneof(
  fc.integer({ min: 0, max: gridHours }),
  fc.integer({ min: 0, max: gridHours / 24 }).map((day) => day * 24),
);
const amount: fc.Arbitrary<Decimal> = fc.integer({ min: 0, max: 2_000 }).map((n) => decimal(n).dividedBy(10));
const interval = fc.constantFrom('P1D', 'P1W', 'P1M', 'PT36H', 'PT7H');
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const grant = (id: string): fc.Arbitrary<Grant> =>
  fc
    .record({
      amount,
      priority: fc.integer({ min: 0, max: 2 }),
      from: fc.oneof(fc.constant(0), hour),
      lasts: maybe(hour),
      voided: maybe(hour),
      recurs: maybe(fc.record({ interval, anchor: hour })),
      minRollover: amount,
      maxRollover: amount,
    })
    .map(({ from, lasts, voided, recurs, ...fields }) =>
      aGrant(id, {
        ...fields,
        effectiveAt: hourAt(from),
        expiresAt: lasts === undefined ? undefined : hourAt(from + lasts),
        voidedAt: voided === undefined ? undefined : hourAt(voided),
        recurrence: recurs && repeats(recurs.interval, hourAt(recurs.anchor).toString()),
      }),
    );

/** Any account with any usage. Values are whole numbers, so that they also serve as things to count distinctly. */
export function aStory(aggregations: readonly Aggregation[], valueMin = 0): fc.Arbitrary<Story> {
  return fc
    .record({
      aggregation: fc.constantFrom(...aggregations),
      grants: fc
        .integer({ min: 0, max: 5 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, index) => grant(`g${index}`)))),
      period: fc.record({ interval, anchor: hour }),
      resets: fc.array(fc.record({ at: hour, preserveOverage: maybe(fc.boolean()) }), { maxLength: 3 }),
      preserveOverageAtReset: fc.boolean(),
      uses: fc.array(fc.record({ at: hour, value: fc.integer({ min: valueMin, max: 90 }) }), {
        minLength: 3,
        maxLength: 25,
      }),
      until: hour,
    })
    .map(({ aggregation, grants, period, resets, preserveOverageAtReset, uses, until }) => {
      const rhythm = repeats(period.interval, hourAt(period.anchor).toString());
      const manual: UsagePeriodEntry[] = resets.map(({ at, preserveOverage }) => ({
        ...rhythm,
        from: hourAt(Math.max(1, at)),
        preserveOverage,
      }));
      return {
        account: {
          aggregation,
          grants,
          usagePeriods: [{ ...rhythm, from: startAt }, ...manual],
          preserveOverageAtReset,
        },
        uses: uses.map(({ at, value }) => ({ at: hourAt(at), value: String(value) })),
        until: hourAt(until),
      };
    });
}
