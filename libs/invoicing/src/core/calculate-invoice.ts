import type { Decision } from '@ledgerline/kernel';
import { sumTotals } from '@ledgerline/rating/core';
import { calculateLine, type Made } from './calculate-line.js';
import type { StandardInvoice } from './invoice.js';
import { isLive, type Line, type Metered, type SplitGroup } from './line.js';
import { components, type FoundIssue, foundIssue, replaceIssues } from './validation-issue.js';

/** An invoice with everything that calculating it needs. */
export interface InvoiceState {
  readonly invoice: StandardInvoice;
  /** Deleted ones too. */
  readonly lines: readonly Line[];
  readonly groups: ReadonlyMap<string, SplitGroup>;
  /** Live lines of the groups on all standard invoices. */
  readonly billedOfGroups: readonly Line[];
}

export const groupOf = (state: InvoiceState, line: Line): SplitGroup | undefined =>
  line.splitGroupId === undefined ? undefined : state.groups.get(line.splitGroupId);

/** Takes over what the meters said; what they could not say becomes critical issues of metering. */
export function takeMeasured(
  state: InvoiceState,
  measured: ReadonlyMap<string, Decision<Metered>>,
  made: Made,
): InvoiceState {
  const failures: FoundIssue[] = [];
  const lines = state.lines.map((line) => {
    const answer = measured.get(line.id);
    if (answer === undefined) return line;
    if (answer.refused === undefined) return { ...line, metered: answer.accepted };
    failures.push(...(answer.refused.issues ?? []).map(foundIssue));
    return { ...line, metered: undefined };
  });
  const issues = replaceIssues(state.invoice.issues, components.metering, failures, made);
  return { ...state, lines, invoice: { ...state.invoice, issues } };
}

/** Rates every live line from what its meter said, and adds up the invoice. */
export function calculateInvoice(state: InvoiceState, made: Made): InvoiceState {
  const failures: FoundIssue[] = [];
  const lines = state.lines.map((line) => {
    if (!isLive(line) || line.metered === undefined) return { ...line, rated: undefined };
    const siblings = { group: groupOf(state, line), earlier: earlierOf(state, line) };
    const rated = calculateLine(line, line.metered, siblings, made);
    if (rated.refused === undefined) return { ...line, rated: rated.accepted };
    failures.push(...(rated.refused.issues ?? []).map(foundIssue).map(ofLine(line)));
    return { ...line, rated: undefined };
  });
  const totals = sumTotals(lines.flatMap((line) => (line.rated === undefined ? [] : [line.rated.totals])));
  const issues = replaceIssues(state.invoice.issues, components.calculation, failures, made);
  return { ...state, lines, invoice: { ...state.invoice, totals, issues } };
}

const earlierOf = (state: InvoiceState, line: Line): readonly Line[] =>
  line.splitGroupId === undefined
    ? []
    : state.billedOfGroups.filter((other) => other.splitGroupId === line.splitGroupId);

const ofLine =
  (line: Line) =>
  (issue: FoundIssue): FoundIssue => ({
    ...issue,
    field: `lines/${line.id}${issue.field === undefined ? '' : `/${issue.field.replace('$.', '')}`}`,
  });
