import { isFlat } from '@ledgerline/catalog/core';
import {
  addDuration,
  earliest,
  floorToSecond,
  type Instant,
  latest,
  nextRecurrenceAtOrAfter,
  type Period,
} from '@ledgerline/kernel';
import type { Line } from './line.js';
import { isLive } from './line.js';
import type { Workflow } from './workflow.js';

export interface InvoiceDates {
  readonly collectionAt: Instant;
  readonly draftUntil?: Instant | undefined;
  readonly dueAt?: Instant | undefined;
}

type Dated = Pick<Line, 'price' | 'invoiceAt' | 'deletedAt'>;

/** When usage is read for good, when the draft issues itself and when it is to be paid. */
export function invoiceDates(
  lines: readonly Dated[],
  workflow: Workflow,
  invoice: { readonly createdAt: Instant; readonly issuedAt?: Instant | undefined },
): InvoiceDates {
  const { collection, invoicing } = workflow;
  const collectionAt = collectionInstant(lines, collection, invoice.createdAt);
  const draftUntil = invoicing.autoAdvance
    ? addDuration(latest(collectionAt, invoice.createdAt), invoicing.draftPeriod)
    : undefined;
  const dueFrom = draftUntil ?? invoice.issuedAt;
  return {
    collectionAt,
    draftUntil,
    dueAt: dueFrom === undefined ? undefined : floorToSecond(addDuration(dueFrom, invoicing.dueAfter)),
  };
}

function collectionInstant(
  lines: readonly Dated[],
  collection: Workflow['collection'],
  createdAt: Instant,
): Instant {
  const dues = lines.filter((line) => isLive(line) && !isFlat(line.price)).map((line) => line.invoiceAt);
  const [first, ...others] = dues;
  const base = first === undefined ? createdAt : latest(first, ...others);
  const aligned =
    collection.anchored === undefined ? base : nextRecurrenceAtOrAfter(collection.anchored, base);
  // Fees do not depend on usage, so an invoice with nothing else has nothing to wait for.
  return first === undefined ? aligned : addDuration(aligned, collection.interval);
}

/** From the first start to the last end of the live lines. */
export function invoicePeriod(lines: readonly Pick<Line, 'period' | 'deletedAt'>[]): Period | undefined {
  const [first, ...others] = lines.filter(isLive).map((line) => line.period);
  if (first === undefined) return undefined;
  return {
    from: earliest(first.from, ...others.map((period) => period.from)),
    to: latest(first.to, ...others.map((period) => period.to)),
  };
}
