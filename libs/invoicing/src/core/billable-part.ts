import { isFlat, isVolume } from '@ledgerline/catalog/core';
import { floorToSecond, type Instant, isAtOrBefore, isBefore, latest } from '@ledgerline/kernel';
import { type MeterAggregation, splitability } from '@ledgerline/rating/core';
import type { Line } from './line.js';

/** How much of a pending line can be billed. */
export type BillablePart =
  | { readonly part: 'none' }
  | { readonly part: 'whole' }
  /** From the start to this instant; the rest stays pending. */
  | { readonly part: 'until'; readonly splitAt: Instant };

export interface BillableAsOf {
  readonly asOf: Instant;
  /** Bill usage of a period that is still running. */
  readonly progressive: boolean;
  /** Of the line's meter; undefined when it has none or it is not known. */
  readonly aggregation: MeterAggregation | undefined;
}

type Pending = Pick<Line, 'price' | 'period' | 'invoiceAt'>;

export function billablePart(line: Pending, { asOf, progressive, aggregation }: BillableAsOf): BillablePart {
  const at = floorToSecond(asOf);
  const due = isAtOrBefore(line.invoiceAt, at);
  if (isFlat(line.price)) return { part: due ? 'whole' : 'none' };
  if (!progressive && !due) return { part: 'none' };
  if (isAtOrBefore(line.period.to, at)) return { part: 'whole' };
  const splits = progressive && !isVolume(line.price) && splitability(line.price, aggregation).splittable;
  return splits && isBefore(line.period.from, at) ? { part: 'until', splitAt: at } : { part: 'none' };
}

/** The first instant at which the line is billed without anybody asking. */
export const billableAt = (line: Pending): Instant =>
  isFlat(line.price) ? line.invoiceAt : latest(line.invoiceAt, line.period.to);
