import { type Instant, invariant, isAtOrBefore } from '@ledgerline/kernel';

/** Every state a standard invoice can be in; the first segment is the contract's `status`. */
export const invoiceStatuses = [
  'draft.created',
  'draft.waiting_for_collection',
  'draft.collecting',
  'draft.updating',
  'draft.validating',
  'draft.invalid',
  'draft.syncing',
  'draft.sync_failed',
  'draft.waiting_auto_approval',
  'draft.manual_approval_needed',
  'draft.ready_to_issue',
  'issuing.syncing',
  'issuing.failed',
  'issued',
  'payment_processing.pending',
  'payment_processing.failed',
  'payment_processing.action_required',
  'overdue',
  'uncollectible',
  'paid',
  'voided',
  'delete.in_progress',
  'delete.syncing',
  'delete.failed',
  'deleted',
] as const;
export type InvoiceStatus = (typeof invoiceStatuses)[number];

export const invoiceTriggers = [
  'next',
  'failed',
  'delete',
  'updated',
  'snapshot_quantities',
  'retry',
  'approve',
  'paid',
  'overdue',
  'uncollectible',
  'action_required',
  'void',
] as const;
export type InvoiceTrigger = (typeof invoiceTriggers)[number];

/** What has to be true before a transition; each is answered from `GuardFacts`, never from outside. */
export type Guard =
  | 'collection reached'
  | 'draft period over'
  | 'no critical issues'
  | 'auto advance'
  | 'manual approval'
  | 'app allows';

/** Work that entering a state asks for, in order. Data, so that a job can perform it and be killed doing so. */
export type EntryAction =
  | 'calculate'
  | 'snapshot quantities'
  | 'validate with app'
  | 'upsert with app'
  | 'issue'
  | 'finalize with app'
  | 'mark deleted'
  | 'delete with app';

export interface Transition {
  readonly to: InvoiceStatus;
  readonly guards: readonly Guard[];
}

export interface StateRule {
  readonly onEntry: readonly EntryAction[];
  readonly on: Readonly<Partial<Record<InvoiceTrigger, readonly Transition[]>>>;
}

/** What guards look at. */
export interface GuardFacts {
  readonly now: Instant;
  readonly collectionAt: Instant;
  /** Unset when the invoice does not advance by itself. */
  readonly draftUntil?: Instant;
  readonly autoAdvance: boolean;
  readonly hasCriticalIssues: boolean;
  /** False while the invoicing app waits for somebody outside, such as a custom-invoicing callback. */
  readonly appAllows: boolean;
}

const to = (status: InvoiceStatus, ...guards: Guard[]): readonly Transition[] => [{ to: status, guards }];
const toDelete = { delete: to('delete.in_progress') };
const editable = { ...toDelete, updated: to('draft.updating') };
const invalidOrEditable = { failed: to('draft.invalid'), ...editable };

/**
 * status × trigger → next status. `next` fires by itself while its guards hold; `failed` fires when an entry action
 * fails or leaves a critical issue behind. Each outside step has its own failed state, so a retry repeats that step.
 */
export const invoiceStateTable: Readonly<Record<InvoiceStatus, StateRule>> = {
  'draft.created': {
    onEntry: ['calculate'],
    on: { next: to('draft.waiting_for_collection'), ...invalidOrEditable },
  },
  'draft.waiting_for_collection': {
    onEntry: [],
    on: {
      next: to('draft.collecting', 'collection reached'),
      snapshot_quantities: to('draft.collecting'),
      ...editable,
    },
  },
  'draft.collecting': {
    onEntry: ['snapshot quantities', 'calculate'],
    on: { next: to('draft.validating', 'no critical issues'), ...invalidOrEditable },
  },
  'draft.updating': {
    onEntry: ['calculate', 'validate with app'],
    on: {
      next: to('draft.waiting_for_collection', 'no critical issues'),
      failed: to('draft.invalid'),
      ...toDelete,
    },
  },
  'draft.validating': {
    onEntry: ['calculate', 'validate with app'],
    on: { next: to('draft.syncing', 'no critical issues'), ...invalidOrEditable },
  },
  'draft.invalid': { onEntry: [], on: { retry: to('draft.validating'), ...editable } },
  'draft.syncing': {
    onEntry: ['upsert with app'],
    on: {
      next: [
        { to: 'draft.waiting_auto_approval', guards: ['auto advance', 'no critical issues', 'app allows'] },
        {
          to: 'draft.manual_approval_needed',
          guards: ['manual approval', 'no critical issues', 'app allows'],
        },
      ],
      failed: to('draft.sync_failed'),
      ...toDelete,
    },
  },
  'draft.sync_failed': { onEntry: [], on: { retry: to('draft.validating'), ...editable } },
  'draft.waiting_auto_approval': {
    onEntry: [],
    on: {
      next: to('draft.ready_to_issue', 'draft period over', 'no critical issues'),
      approve: to('draft.ready_to_issue'),
      ...editable,
    },
  },
  'draft.manual_approval_needed': {
    onEntry: [],
    on: { approve: to('draft.ready_to_issue', 'no critical issues'), ...editable },
  },
  'draft.ready_to_issue': { onEntry: [], on: { next: to('issuing.syncing'), ...editable } },
  'issuing.syncing': {
    onEntry: ['issue', 'upsert with app', 'finalize with app'],
    on: {
      next: to('issued', 'no critical issues', 'app allows'),
      failed: to('issuing.failed'),
      ...toDelete,
    },
  },
  'issuing.failed': { onEntry: [], on: { retry: to('issuing.syncing'), ...toDelete } },
  issued: { onEntry: [], on: { next: to('payment_processing.pending'), void: to('voided') } },
  'payment_processing.pending': {
    onEntry: [],
    on: {
      paid: to('paid'),
      failed: to('payment_processing.failed'),
      uncollectible: to('uncollectible'),
      overdue: to('overdue'),
      action_required: to('payment_processing.action_required'),
      void: to('voided'),
    },
  },
  'payment_processing.failed': {
    onEntry: [],
    on: {
      paid: to('paid'),
      retry: to('payment_processing.pending'),
      overdue: to('overdue'),
      uncollectible: to('uncollectible'),
      action_required: to('payment_processing.action_required'),
      void: to('voided'),
    },
  },
  'payment_processing.action_required': {
    onEntry: [],
    on: {
      paid: to('paid'),
      failed: to('payment_processing.failed'),
      retry: to('payment_processing.pending'),
      overdue: to('overdue'),
      uncollectible: to('uncollectible'),
      void: to('voided'),
    },
  },
  overdue: {
    onEntry: [],
    on: {
      paid: to('paid'),
      failed: to('payment_processing.failed'),
      retry: to('payment_processing.pending'),
      uncollectible: to('uncollectible'),
      action_required: to('payment_processing.action_required'),
    },
  },
  uncollectible: { onEntry: [], on: { void: to('voided'), paid: to('paid') } },
  paid: { onEntry: [], on: {} },
  voided: { onEntry: [], on: {} },
  'delete.in_progress': {
    onEntry: ['mark deleted'],
    on: { next: to('delete.syncing'), failed: to('delete.failed') },
  },
  'delete.syncing': {
    onEntry: ['delete with app'],
    on: { next: to('deleted', 'no critical issues'), failed: to('delete.failed') },
  },
  'delete.failed': { onEntry: [], on: { retry: to('delete.in_progress') } },
  deleted: { onEntry: [], on: {} },
};

const guardHolds: Readonly<Record<Guard, (facts: GuardFacts) => boolean>> = {
  'collection reached': ({ now, collectionAt }) => isAtOrBefore(collectionAt, now),
  'draft period over': ({ now, draftUntil }) => draftUntil !== undefined && isAtOrBefore(draftUntil, now),
  'no critical issues': ({ hasCriticalIssues }) => !hasCriticalIssues,
  'auto advance': ({ autoAdvance }) => autoAdvance,
  'manual approval': ({ autoAdvance }) => !autoAdvance,
  'app allows': ({ appAllows }) => appAllows,
};

/** The state that `trigger` leads to right now; undefined when it cannot fire. */
export function nextStatus(
  status: InvoiceStatus,
  trigger: InvoiceTrigger,
  facts: GuardFacts,
): InvoiceStatus | undefined {
  const transitions = invoiceStateTable[status].on[trigger] ?? [];
  return transitions.find(({ guards }) => guards.every((guard) => guardHolds[guard](facts)))?.to;
}

// The longest chain of `next` is ten states; a table with a cycle of them would be a bug, not a long invoice.
const chainLengthMax = 20;

/** Where `trigger` and then every possible `next` would lead, with validation issues left out of the account. */
export function resultingStatus(
  status: InvoiceStatus,
  trigger: InvoiceTrigger,
  facts: GuardFacts,
): InvoiceStatus | undefined {
  const untroubled = { ...facts, hasCriticalIssues: false };
  let reached = nextStatus(status, trigger, untroubled);
  if (reached === undefined) return undefined;
  for (let length = 0; ; length += 1) {
    invariant(length < chainLengthMax, `invoice states advance in a circle at ${reached}`);
    const further = nextStatus(reached, 'next', untroubled);
    if (further === undefined) return reached;
    reached = further;
  }
}

/** What a person may do with the invoice now, each with the state it would end in. */
export interface AvailableActions {
  readonly advance?: { readonly resultingState: InvoiceStatus };
  readonly approve?: { readonly resultingState: InvoiceStatus };
  readonly delete?: { readonly resultingState: InvoiceStatus };
  readonly retry?: { readonly resultingState: InvoiceStatus };
  readonly snapshotQuantities?: { readonly resultingState: InvoiceStatus };
}

const offered = {
  advance: 'next',
  approve: 'approve',
  delete: 'delete',
  retry: 'retry',
  snapshotQuantities: 'snapshot_quantities',
} as const;

export function availableActions(status: InvoiceStatus, facts: GuardFacts): AvailableActions {
  const actions: Record<string, { resultingState: InvoiceStatus }> = {};
  for (const [action, trigger] of Object.entries(offered)) {
    if (nextStatus(status, trigger, facts) === undefined) continue;
    const resultingState = resultingStatus(status, trigger, facts);
    if (resultingState !== undefined) actions[action] = { resultingState };
  }
  return actions;
}

/** Nothing can happen to the invoice any more. */
export const isFinalStatus = (status: InvoiceStatus): boolean =>
  Object.keys(invoiceStateTable[status].on).length === 0;

/** The invoice may be edited: its table row knows the trigger `updated`. */
export const isMutableStatus = (status: InvoiceStatus): boolean =>
  invoiceStateTable[status].on.updated !== undefined;

/** The contract's `statusDetails.failed`; draft.invalid is an answer about the data, not a failure. */
export const isFailedStatus = (status: InvoiceStatus): boolean =>
  ['draft.sync_failed', 'issuing.failed', 'delete.failed', 'payment_processing.failed'].includes(status);

/** A customer with an invoice in another state than these cannot be deleted. */
export const isSettledStatus = (status: InvoiceStatus): boolean =>
  ['deleted', 'paid', 'uncollectible', 'voided'].includes(status);

/** The table as a Mermaid state diagram, so that the room's README cannot drift from the code. */
export function invoiceStateDiagram(): string {
  const name = (status: InvoiceStatus): string => status.replace('.', '_');
  const lines = invoiceStatuses.flatMap((status) =>
    Object.entries(invoiceStateTable[status].on).flatMap(([trigger, transitions]) =>
      transitions.map(({ to: target, guards }) => {
        const condition = guards.length === 0 ? '' : ` [${guards.join(', ')}]`;
        return `  ${name(status)} --> ${name(target)}: ${trigger}${condition}`;
      }),
    ),
  );
  return ['stateDiagram-v2', '  [*] --> draft_created', ...lines].join('\n');
}
