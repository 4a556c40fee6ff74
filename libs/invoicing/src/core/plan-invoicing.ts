import type { MeterAggregation } from '@ledgerline/rating/core';
import type { Decision, Instant } from '@ledgerline/kernel';
import { refusal } from '@ledgerline/kernel';
import { type BillablePart, billablePart } from './billable-part.js';
import type { Line, SplitGroup } from './line.js';

export interface InvoicingQuestion {
  readonly asOf: Instant;
  readonly progressive: boolean;
  /** Only these; all of them must be billable. */
  readonly lineIds?: readonly string[] | undefined;
  readonly aggregations: ReadonlyMap<string, MeterAggregation>;
}

export interface BillableLine {
  readonly line: Line;
  readonly part: Exclude<BillablePart, { part: 'none' }>;
}

/** Which pending lines go onto an invoice, and how much of each. */
export function planInvoicing(
  pending: readonly Line[],
  question: InvoicingQuestion,
): Decision<readonly BillableLine[]> {
  const { lineIds } = question;
  const candidates = lineIds === undefined ? pending : pending.filter((line) => lineIds.includes(line.id));
  const billable = candidates.flatMap((line): readonly BillableLine[] => {
    const part = billablePart(line, { ...question, aggregation: question.aggregations.get(line.id) });
    return part.part === 'none' ? [] : [{ line, part }];
  });
  const found = new Set(billable.map(({ line }) => line.id));
  const offenders = (lineIds ?? []).filter((id) => !found.has(id));
  if (lineIds?.length === 0 || offenders.length > 0) {
    const which = offenders.length === 0 ? 'no line is named' : `not billable: ${offenders.join(', ')}`;
    return { refused: billingRefusal('invoice_lines_not_billable', which) };
  }
  if (billable.length === 0) {
    return { refused: billingRefusal('invoice_create_no_lines', 'there are no lines to invoice') };
  }
  return { accepted: billable };
}

export const billingRefusal = (code: string, message: string) =>
  refusal.invalid(message, {
    issues: [{ code, message, severity: 'critical' }],
    extensions: { code, message },
  });

/** A line cut in two at `splitAt`: what is billed keeps the id, the rest stays pending under a new one. */
export function splitLine(
  line: Line,
  splitAt: Instant,
  made: { readonly newId: () => string; readonly now: Instant },
): { readonly billed: Line; readonly rest: Line; readonly group?: SplitGroup } {
  const { now, newId } = made;
  const splitGroupId = line.splitGroupId ?? newId();
  const common = { ...line, splitGroupId, uniqueId: undefined, updatedAt: now };
  const billed = { ...common, period: { from: line.period.from, to: splitAt }, invoiceAt: splitAt };
  const rest = { ...common, id: newId(), period: { from: splitAt, to: line.period.to }, createdAt: now };
  if (line.splitGroupId !== undefined) return { billed, rest };
  const group: SplitGroup = {
    id: splitGroupId,
    namespace: line.namespace,
    uniqueId: line.uniqueId,
    subscriptionId: line.subscription?.subscriptionId,
    period: line.period,
    createdAt: now,
    updatedAt: now,
  };
  return { billed, rest, group };
}
