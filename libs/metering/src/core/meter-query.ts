import type { Decimal, Instant } from '@ledgerline/kernel';
import type { Meter } from './meter.js';
import type { StringFilter } from './string-filter.js';

export const windowSizes = ['MINUTE', 'HOUR', 'DAY', 'MONTH'] as const;
export type WindowSize = (typeof windowSizes)[number];

/** One column that rows are told apart by. `dimension` is the position of the key in the meter's groups. */
export type GroupColumn =
  | { readonly kind: 'subject' }
  | { readonly kind: 'customer_id' }
  | { readonly kind: 'dimension'; readonly key: string };

/** Whose events: the customer's own key first, then its subject keys. */
export interface CustomerKeys {
  readonly id: string;
  readonly keys: readonly string[];
}

/** A checked question. Bounds are compared in whole seconds. */
export interface MeterQuery {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly window: { readonly size: WindowSize; readonly timeZone: string } | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly customers: readonly CustomerKeys[] | undefined;
  /** In the order asked for. */
  readonly groupBy: readonly GroupColumn[];
  readonly filters: readonly { readonly key: string; readonly filter: StringFilter }[];
}

/** Where an answer comes from: readings of a complete version and the tail behind them, or all raw events. */
export type UsageSource =
  | {
      readonly kind: 'readings';
      /** Newest set of meters that was known when the version was found complete. */
      readonly generation: bigint;
      /** Partitions that the tail names one by one; others are found through the marks. */
      readonly partitions: number;
    }
  | { readonly kind: 'raw' };

/** One aggregated row as the store answers it. Decimals are texts; a null value is a row without any usable one. */
export interface UsageRow {
  /** Epoch seconds of the window's start, or of the first and last event where there are no windows. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly groups: readonly string[];
  readonly value: string | null;
  /** Events with a value, for AVG. */
  readonly count: string;
}

export interface MeterQueryAnswer {
  readonly meter: Meter;
  readonly query: MeterQuery;
  readonly rows: readonly AnswerRow[];
}

export interface AnswerRow {
  readonly value: Decimal;
  readonly windowStart: Instant;
  readonly windowEnd: Instant;
  readonly subject: string | undefined;
  readonly customerId: string | undefined;
  readonly groupBy: Readonly<Record<string, string>>;
}
