import { type Instant, instantFromMs, invariant } from '@ledgerline/kernel';
import { invoiceDates } from './invoice-dates.js';
import type { StandardInvoice } from './invoice.js';
import type { Line } from './line.js';
import {
  type EntryAction,
  type GuardFacts,
  invoiceStateTable,
  type InvoiceStatus,
  nextStatus,
} from './state-machine.js';

/** The one thing to do next with an invoice. Every outside effect has a key that a repetition after a crash shares. */
export type InvoiceStep =
  | { readonly kind: 'perform'; readonly action: EntryAction; readonly key: string }
  | { readonly kind: 'move'; readonly to: InvoiceStatus }
  /** Nothing moves by itself any more: the app may have something to say, once per state entered. */
  | { readonly kind: 'tell rest'; readonly key: string }
  | { readonly kind: 'rest' };

export function decideStep(invoice: StandardInvoice, now: Instant): InvoiceStep {
  const rule = invoiceStateTable[invoice.status];
  const action = rule.onEntry[invoice.actionsDone];
  if (action !== undefined) return { kind: 'perform', action, key: effectKey(invoice, action) };
  const facts = guardFacts(invoice, now);
  const next = nextStatus(invoice.status, 'next', facts);
  if (next !== undefined) return { kind: 'move', to: next };
  const failed = nextStatus(invoice.status, 'failed', facts);
  if (rule.onEntry.length > 0 && facts.hasCriticalIssues && failed !== undefined) {
    return { kind: 'move', to: failed };
  }
  return invoice.restTold ? { kind: 'rest' } : { kind: 'tell rest', key: effectKey(invoice, 'tell rest') };
}

export const effectKey = (invoice: Pick<StandardInvoice, 'id' | 'entry'>, what: string): string =>
  `invoice:${invoice.id}/${invoice.entry}/${what.replaceAll(' ', '-')}`;

export const guardFacts = (invoice: StandardInvoice, now: Instant): GuardFacts => ({
  now,
  collectionAt: invoice.collectionAt,
  ...(invoice.draftUntil === undefined ? {} : { draftUntil: invoice.draftUntil }),
  autoAdvance: invoice.workflow.invoicing.autoAdvance,
  hasCriticalIssues: hasCriticalIssues(invoice),
  appAllows: true,
});

/** What troubles a draft does not keep anybody from deleting it. */
export const hasCriticalIssues = ({ status, issues }: Pick<StandardInvoice, 'status' | 'issues'>): boolean =>
  issues.some(
    ({ severity, component }) =>
      severity === 'critical' && (!status.startsWith('delete.') || component.endsWith('.delete')),
  );

/** Enters a state: its actions are to be done, and its rest to be told, from the start. */
export function enterStatus(invoice: StandardInvoice, to: InvoiceStatus, now: Instant): StandardInvoice {
  const entered = {
    ...invoice,
    status: to,
    entry: invoice.entry + 1,
    actionsDone: 0,
    restTold: false,
    updatedAt: now,
  };
  if (to === 'issuing.failed') return { ...entered, issuedAt: undefined };
  return to === 'payment_processing.pending'
    ? { ...entered, paymentProcessingEnteredAt: invoice.paymentProcessingEnteredAt ?? now }
    : entered;
}

/** The invoice is issued at this instant; the date it is to be paid by follows. */
export function issue(invoice: StandardInvoice, lines: readonly Line[], now: Instant): StandardInvoice {
  const dates = invoiceDates(lines, invoice.workflow, { createdAt: invoice.createdAt, issuedAt: now });
  return { ...invoice, issuedAt: now, dueAt: dates.dueAt };
}

// Before any time a clock can show: what could go on now, goes on now.
const atOnce = instantFromMs(0);
const never = instantFromMs(8.64e15);

/**
 * When the invoice can go on by itself, derived from what is stored: kept beside the invoice, so that whatever a crash
 * interrupted is found again. Undefined when only a person or an app can move it.
 */
export function advanceAt(invoice: StandardInvoice): Instant | undefined {
  if (decideStep(invoice, atOnce).kind !== 'rest') return invoice.updatedAt;
  if (decideStep(invoice, never).kind === 'rest') return undefined;
  const dates = [invoice.collectionAt, invoice.draftUntil].flatMap((date) =>
    date === undefined ? [] : [date],
  );
  const due = dates.find((date) => decideStep(invoice, date).kind !== 'rest');
  invariant(due !== undefined, `invoice ${invoice.id} waits for a time that it does not name`);
  return due;
}
