import { describe, expect, it } from '@jest/globals';
import { instant, toRfc3339 } from '@ledgerline/kernel';
import { sumTotals } from '@ledgerline/rating/core';
import { advanceAt, decideStep, enterStatus } from './decide-step.js';
import type { StandardInvoice } from './invoice.js';
import { invoiceStateTable, invoiceStatuses, type InvoiceStatus } from './state-machine.js';
import { actionDone, restTold } from './take-outcome.js';
import { workflowFromJson } from './workflow.js';

const now = instant('2024-02-01T00:00:00Z');
const made = { newId: () => '01HISSUE000000000000000000', now };
const critical = {
  id: '01H',
  createdAt: now,
  severity: 'critical' as const,
  message: 'no',
  component: 'app.sandbox.invoiceCustomers.sync',
};

const anInvoice = (more: Partial<StandardInvoice> = {}): StandardInvoice => ({
  kind: 'standard',
  id: '01HINV00000000000000000000',
  namespace: 'default',
  customerId: 'customer',
  currency: 'USD',
  number: 'DRAFT-1',
  version: 1,
  status: 'draft.created',
  entry: 0,
  actionsDone: 0,
  restTold: false,
  supplier: {},
  customer: { usageAttribution: { subjectKeys: [] } },
  workflow: workflowFromJson({}),
  billingProfileId: 'profile',
  appId: 'app',
  collectionAt: instant('2024-02-01T01:00:00Z'),
  draftUntil: instant('2024-02-02T01:00:00Z'),
  totals: sumTotals([]),
  issues: [],
  createdAt: now,
  updatedAt: now,
  ...more,
});
/** With its entry actions done. */
const settled = (status: InvoiceStatus, more: Partial<StandardInvoice> = {}) =>
  anInvoice({ status, actionsDone: invoiceStateTable[status].onEntry.length, restTold: true, ...more });

describe('the next step of an invoice', () => {
  it('does the entry actions in order, each under a key of its own', () => {
    const issuing = anInvoice({ status: 'issuing.syncing', entry: 7 });
    expect(decideStep(issuing, now)).toEqual({
      kind: 'perform',
      action: 'issue',
      key: 'invoice:01HINV00000000000000000000/7/issue',
    });
    expect(decideStep({ ...issuing, actionsDone: 2 }, now)).toMatchObject({
      action: 'finalize with app',
      key: 'invoice:01HINV00000000000000000000/7/finalize-with-app',
    });
    // Entered again after a failure, it is another effect.
    expect(decideStep(enterStatus(issuing, 'issuing.syncing', now), now)).toMatchObject({
      key: 'invoice:01HINV00000000000000000000/8/issue',
    });
  });

  it('tells the app once that nothing moves, then rests', () => {
    const waiting = settled('draft.waiting_for_collection', { restTold: false });
    expect(decideStep(waiting, now).kind).toBe('tell rest');
    expect(decideStep({ ...waiting, restTold: true }, now)).toEqual({ kind: 'rest' });
    expect(decideStep({ ...waiting, restTold: true }, waiting.collectionAt)).toEqual({
      kind: 'move',
      to: 'draft.collecting',
    });
  });

  it('fails a state whose action left a critical issue, and no other', () => {
    const syncing = settled('draft.syncing', { issues: [critical] });
    expect(decideStep(syncing, now)).toEqual({ kind: 'move', to: 'draft.sync_failed' });
    const issuing = anInvoice({ status: 'issuing.syncing', actionsDone: 1, issuedAt: now });
    const failed = actionDone({ ...issuing, issues: [critical] }, made);
    expect(failed).toMatchObject({ status: 'issuing.syncing', actionsDone: 2 });
    const found = actionDone(
      { ...settled('issuing.syncing'), actionsDone: 2, issuedAt: now, issues: [critical] },
      made,
    );
    expect(found).toMatchObject({ status: 'issuing.failed', issuedAt: undefined });
  });

  it('deletes a draft whatever is wrong with it', () => {
    const deleting = settled('delete.in_progress', { issues: [critical] });
    expect(decideStep(deleting, now)).toEqual({ kind: 'move', to: 'delete.syncing' });
  });

  it('moves where the app wants it, if the state knows the way', () => {
    const answer = { appType: 'sandbox', operation: 'initiate_payment' as const };
    const paid = { ...answer, outcome: { issues: [], trigger: 'paid' as const } };
    expect(restTold(settled('payment_processing.pending'), paid, made).status).toBe('paid');
    expect(restTold(settled('draft.invalid'), paid, made)).toMatchObject({
      status: 'draft.invalid',
      restTold: true,
    });
  });
});

describe('when an invoice goes on by itself', () => {
  it.each<[string, StandardInvoice, string]>([
    ['at once, with an action to do', anInvoice(), '2024-02-01T00:00:00Z'],
    ['at once, with its rest untold', settled('issued', { restTold: false }), '2024-02-01T00:00:00Z'],
    ['at collection', settled('draft.waiting_for_collection'), '2024-02-01T01:00:00Z'],
    ['at the end of the draft period', settled('draft.waiting_auto_approval'), '2024-02-02T01:00:00Z'],
    ['never, with a critical issue', settled('draft.waiting_auto_approval', { issues: [critical] }), '–'],
    ['never, until a person approves', settled('draft.manual_approval_needed'), '–'],
    ['never, until a person retries', settled('draft.sync_failed', { issues: [critical] }), '–'],
    ['never again', settled('paid'), '–'],
  ])('%s', (_, invoice, expected) => {
    const due = advanceAt(invoice);
    expect(due === undefined ? '–' : toRfc3339(due)).toBe(expected);
  });

  it('is found for every state: what can go on at some time is never forgotten', () => {
    for (const status of invoiceStatuses) {
      for (const invoice of [
        settled(status),
        settled(status, { issues: [critical] }),
        anInvoice({ status }),
      ]) {
        const later = decideStep(invoice, instant('2030-01-01T00:00:00Z')).kind;
        expect({ status, due: advanceAt(invoice) !== undefined }).toEqual({ status, due: later !== 'rest' });
      }
    }
  });
});
