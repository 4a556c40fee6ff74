import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import {
  availableActions,
  type GuardFacts,
  invoiceStateDiagram,
  invoiceStateTable,
  invoiceStatuses,
  type InvoiceStatus,
  invoiceTriggers,
  isFailedStatus,
  isFinalStatus,
  isMutableStatus,
  nextStatus,
  resultingStatus,
} from './state-machine.js';

const facts = (changes: Partial<GuardFacts> = {}): GuardFacts => ({
  now: instant('2025-02-01T01:00:00Z'),
  collectionAt: instant('2025-02-01T01:00:00Z'),
  draftUntil: instant('2025-02-01T01:00:00Z'),
  autoAdvance: true,
  hasCriticalIssues: false,
  appAllows: true,
  ...changes,
});

const chain = (from: InvoiceStatus, given: GuardFacts): InvoiceStatus[] => {
  const seen: InvoiceStatus[] = [];
  for (let at = nextStatus(from, 'next', given); at !== undefined; at = nextStatus(at, 'next', given))
    seen.push(at);
  return seen;
};

// One row a state, one column a trigger, in the order of `invoiceTriggers`; '-' is refused.
// prettier-ignore
const table: Record<InvoiceStatus, string> = {
  'draft.created':                      'waiting_for_collection invalid in_progress updating - - - - - - - -',
  'draft.waiting_for_collection':       'collecting - in_progress updating collecting - - - - - - -',
  'draft.collecting':                   'validating invalid in_progress updating - - - - - - - -',
  'draft.updating':                     'waiting_for_collection invalid in_progress - - - - - - - - -',
  'draft.validating':                   'syncing invalid in_progress updating - - - - - - - -',
  'draft.invalid':                      '- - in_progress updating - validating - - - - - -',
  'draft.syncing':                      'waiting_auto_approval sync_failed in_progress - - - - - - - - -',
  'draft.sync_failed':                  '- - in_progress updating - validating - - - - - -',
  'draft.waiting_auto_approval':        'ready_to_issue - in_progress updating - - ready_to_issue - - - - -',
  'draft.manual_approval_needed':       '- - in_progress updating - - ready_to_issue - - - - -',
  'draft.ready_to_issue':               'syncing - in_progress updating - - - - - - - -',
  'issuing.syncing':                    'issued failed in_progress - - - - - - - - -',
  'issuing.failed':                     '- - in_progress - - syncing - - - - - -',
  'issued':                             'pending - - - - - - - - - - voided',
  'payment_processing.pending':         '- failed - - - - - paid overdue uncollectible action_required voided',
  'payment_processing.failed':          '- - - - - pending - paid overdue uncollectible action_required voided',
  'payment_processing.action_required': '- failed - - - pending - paid overdue uncollectible - voided',
  'overdue':                            '- failed - - - pending - paid - uncollectible action_required -',
  'uncollectible':                      '- - - - - - - paid - - - voided',
  'paid':                               '- - - - - - - - - - - -',
  'voided':                             '- - - - - - - - - - - -',
  'delete.in_progress':                 'syncing failed - - - - - - - - - -',
  'delete.syncing':                     'deleted failed - - - - - - - - - -',
  'delete.failed':                      '- - - - - in_progress - - - - - -',
  'deleted':                            '- - - - - - - - - - - -',
};

describe('invoice state machine', () => {
  it.each(invoiceStatuses)('%s answers every trigger as the table says', (status) => {
    const reached = invoiceTriggers.map(
      (trigger) => nextStatus(status, trigger, facts())?.split('.').at(-1) ?? '-',
    );
    expect(reached.join(' ')).toBe(table[status]);
  });

  it('waits for the collection time', () => {
    const early = facts({ now: instant('2025-02-01T00:59:59Z') });
    expect(chain('draft.created', early)).toEqual(['draft.waiting_for_collection']);
    expect(chain('draft.created', facts()).at(-1)).toBe('payment_processing.pending');
  });

  it('waits for the draft period, and for ever when it does not advance by itself', () => {
    const waiting = facts({ draftUntil: instant('2025-02-02T00:00:00Z') });
    expect(chain('draft.created', waiting).at(-1)).toBe('draft.waiting_auto_approval');
    expect(nextStatus('draft.waiting_auto_approval', 'approve', waiting)).toBe('draft.ready_to_issue');
    const manual = facts({ autoAdvance: false });
    expect(chain('draft.created', manual).at(-1)).toBe('draft.manual_approval_needed');
  });

  it('stops where the app waits for somebody outside', () => {
    expect(nextStatus('draft.syncing', 'next', facts({ appAllows: false }))).toBeUndefined();
    expect(nextStatus('issuing.syncing', 'next', facts({ appAllows: false }))).toBeUndefined();
  });

  it('lets no critical issue through to the customer', () => {
    const troubled = facts({ hasCriticalIssues: true });
    for (const status of [
      'draft.collecting',
      'draft.validating',
      'draft.syncing',
      'issuing.syncing',
    ] as const) {
      expect(nextStatus(status, 'next', troubled)).toBeUndefined();
    }
    expect(nextStatus('draft.manual_approval_needed', 'approve', troubled)).toBeUndefined();
  });

  it('previews actions as if nothing were wrong', () => {
    const troubled = facts({ hasCriticalIssues: true });
    expect(resultingStatus('draft.invalid', 'retry', troubled)).toBe('payment_processing.pending');
    expect(
      availableActions('draft.waiting_auto_approval', facts({ draftUntil: instant('2025-03-01T00:00:00Z') })),
    ).toEqual({
      approve: { resultingState: 'payment_processing.pending' },
      delete: { resultingState: 'deleted' },
    });
    expect(availableActions('paid', facts())).toEqual({});
  });

  it('offers a way on from every state that is not final', () => {
    const stuck = invoiceStatuses.filter(
      (status) => !isFinalStatus(status) && Object.keys(invoiceStateTable[status].on).length === 0,
    );
    expect(stuck).toEqual([]);
    for (const status of invoiceStatuses.filter(isFailedStatus))
      expect(invoiceStateTable[status].on.retry).toBeDefined();
  });

  it('never goes back to a draft once issued', () => {
    const issued = [
      'issued',
      'payment_processing.pending',
      'payment_processing.failed',
      'overdue',
      'uncollectible',
    ] as const;
    for (const status of issued) {
      const targets = Object.values(invoiceStateTable[status].on).flat();
      expect(targets.filter(({ to }) => to.startsWith('draft') || to.startsWith('delete'))).toEqual([]);
    }
  });

  it('may be edited in exactly the states the contract calls mutable', () => {
    expect(invoiceStatuses.filter(isMutableStatus)).toEqual([
      'draft.created',
      'draft.waiting_for_collection',
      'draft.collecting',
      'draft.validating',
      'draft.invalid',
      'draft.sync_failed',
      'draft.waiting_auto_approval',
      'draft.manual_approval_needed',
      'draft.ready_to_issue',
    ]);
  });

  it('draws itself', () => {
    expect(invoiceStateDiagram()).toContain('draft_syncing --> draft_sync_failed: failed');
  });
});
