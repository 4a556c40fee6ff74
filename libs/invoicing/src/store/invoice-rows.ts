import { decimal, type Instant, invariant, type Period, toNumeric } from '@ledgerline/kernel';
import { instantFromDb, instantToDb } from '@ledgerline/platform/postgres';
import { sumTotals } from '@ledgerline/rating/core';
import { billableAt } from '../core/billable-part.js';
import { advanceAt } from '../core/decide-step.js';
import type { Invoice } from '../core/invoice.js';
import type { Line, SplitGroup } from '../core/line.js';
import { invoiceStatuses, type InvoiceStatus } from '../core/state-machine.js';
import {
  type IssueJson,
  issueFromJson,
  issueToJson,
  type RatedJson,
  ratedFromJson,
  ratedToJson,
  type SnapshotJson,
  snapshotFromJson,
  snapshotToJson,
  type TermsJson,
  termsFromJson,
  termsToJson,
  type TotalsJson,
  totalsFromJson,
  totalsToJson,
} from './invoice-json.js';

export const optionalFromDb = (value: Date | null): Instant | undefined =>
  value === null ? undefined : instantFromDb(value);
export const optionalToDb = (value: Instant | undefined): string | null =>
  value === undefined ? null : instantToDb(value);
const jsonToDb = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

/** A row of `invoices` as pg delivers it. */
export interface InvoiceRow {
  readonly namespace: string;
  readonly id: string;
  readonly kind: 'gathering' | 'standard';
  readonly customer_id: string;
  readonly currency: string;
  readonly number: string;
  readonly status: string;
  readonly version: number;
  readonly entry: number;
  readonly actions_done: number;
  readonly rest_told: boolean;
  readonly collection_at: Date | null;
  readonly draft_until: Date | null;
  readonly due_at: Date | null;
  readonly issued_at: Date | null;
  readonly quantity_snapshoted_at: Date | null;
  readonly sent_to_customer_at: Date | null;
  readonly payment_processing_entered_at: Date | null;
  readonly period_from: Date | null;
  readonly period_to: Date | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly external_id: string | null;
  readonly app_id: string | null;
  readonly snapshot: SnapshotJson | null;
  readonly totals: TotalsJson | null;
  readonly issues: readonly IssueJson[];
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

export const invoiceColumns = [
  'namespace',
  'id',
  'kind',
  'customer_id',
  'customer_name',
  'currency',
  'number',
  'status',
  'version',
  'entry',
  'actions_done',
  'rest_told',
  'advance_at',
  'collection_at',
  'draft_until',
  'due_at',
  'issued_at',
  'quantity_snapshoted_at',
  'sent_to_customer_at',
  'payment_processing_entered_at',
  'period_from',
  'period_to',
  'description',
  'metadata',
  'external_id',
  'app_id',
  'snapshot',
  'totals',
  'issues',
  'created_at',
  'updated_at',
  'deleted_at',
] as const;

export function invoiceFromDb(row: InvoiceRow): Invoice {
  const base = {
    namespace: row.namespace,
    id: row.id,
    customerId: row.customer_id,
    currency: row.currency,
    number: row.number,
    version: row.version,
    createdAt: instantFromDb(row.created_at),
    updatedAt: instantFromDb(row.updated_at),
    deletedAt: optionalFromDb(row.deleted_at),
  };
  if (row.kind === 'gathering') return { kind: 'gathering', ...base };
  invariant(
    row.snapshot !== null && row.collection_at !== null && row.app_id !== null,
    `the standard invoice ${row.id} has no snapshot`,
  );
  return {
    kind: 'standard',
    ...base,
    ...snapshotFromJson(row.snapshot, row.app_id),
    status: statusFromDb(row.status),
    entry: row.entry,
    actionsDone: row.actions_done,
    restTold: row.rest_told,
    description: row.description ?? undefined,
    metadata: row.metadata ?? undefined,
    collectionAt: instantFromDb(row.collection_at),
    draftUntil: optionalFromDb(row.draft_until),
    dueAt: optionalFromDb(row.due_at),
    issuedAt: optionalFromDb(row.issued_at),
    quantitySnapshotedAt: optionalFromDb(row.quantity_snapshoted_at),
    sentToCustomerAt: optionalFromDb(row.sent_to_customer_at),
    paymentProcessingEnteredAt: optionalFromDb(row.payment_processing_entered_at),
    externalId: row.external_id ?? undefined,
    period: optionalPeriod(row.period_from, row.period_to),
    totals: row.totals === null ? sumTotals([]) : totalsFromJson(row.totals),
    issues: row.issues.map(issueFromJson),
  };
}

const optionalPeriod = (from: Date | null, to: Date | null): Period | undefined =>
  from === null || to === null ? undefined : { from: instantFromDb(from), to: instantFromDb(to) };

function statusFromDb(text: string): InvoiceStatus {
  const found = invoiceStatuses.find((status) => status === text);
  invariant(found !== undefined, `an invoice in the unknown state ${text}`);
  return found;
}

/** Values in the order of `invoiceColumns`. */
export function invoiceToDb(invoice: Invoice): readonly unknown[] {
  const standard = invoice.kind === 'standard' ? invoice : undefined;
  return [
    invoice.namespace,
    invoice.id,
    invoice.kind,
    invoice.customerId,
    standard?.customer.name ?? '',
    invoice.currency,
    invoice.number,
    standard?.status ?? 'gathering',
    invoice.version,
    standard?.entry ?? 0,
    standard?.actionsDone ?? 0,
    standard?.restTold ?? true,
    standard === undefined ? null : optionalToDb(advanceAt(standard)),
    optionalToDb(standard?.collectionAt),
    optionalToDb(standard?.draftUntil),
    optionalToDb(standard?.dueAt),
    optionalToDb(standard?.issuedAt),
    optionalToDb(standard?.quantitySnapshotedAt),
    optionalToDb(standard?.sentToCustomerAt),
    optionalToDb(standard?.paymentProcessingEnteredAt),
    optionalToDb(standard?.period?.from),
    optionalToDb(standard?.period?.to),
    standard?.description ?? null,
    jsonToDb(standard?.metadata),
    standard?.externalId ?? null,
    standard?.appId ?? null,
    standard === undefined ? null : jsonToDb(snapshotToJson(standard)),
    standard === undefined ? null : jsonToDb(totalsToJson(standard.totals)),
    JSON.stringify((standard?.issues ?? []).map(issueToJson)),
    instantToDb(invoice.createdAt),
    instantToDb(invoice.updatedAt),
    optionalToDb(invoice.deletedAt),
  ];
}

/** A row of `invoice_lines` as pg delivers it. */
export interface LineRow {
  readonly namespace: string;
  readonly id: string;
  readonly invoice_id: string;
  readonly currency: string;
  readonly managed_by: Line['managedBy'];
  readonly period_from: Date;
  readonly period_to: Date;
  readonly invoice_at: Date;
  readonly subscription_id: string | null;
  readonly phase_id: string | null;
  readonly item_id: string | null;
  readonly billing_period_from: Date | null;
  readonly billing_period_to: Date | null;
  readonly unique_id: string | null;
  readonly split_group_id: string | null;
  readonly terms: TermsJson;
  readonly metered_quantity: string | null;
  readonly metered_pre_line_period_quantity: string | null;
  readonly rated: RatedJson | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

export const lineColumns = [
  'namespace',
  'id',
  'invoice_id',
  'currency',
  'managed_by',
  'period_from',
  'period_to',
  'invoice_at',
  'billable_at',
  'subscription_id',
  'phase_id',
  'item_id',
  'billing_period_from',
  'billing_period_to',
  'unique_id',
  'split_group_id',
  'terms',
  'metered_quantity',
  'metered_pre_line_period_quantity',
  'rated',
  'created_at',
  'updated_at',
  'deleted_at',
] as const;

export function lineFromDb(row: LineRow): Line {
  const billingPeriod = optionalPeriod(row.billing_period_from, row.billing_period_to);
  return {
    ...termsFromJson(row.terms),
    namespace: row.namespace,
    id: row.id,
    invoiceId: row.invoice_id,
    currency: row.currency,
    managedBy: row.managed_by,
    period: { from: instantFromDb(row.period_from), to: instantFromDb(row.period_to) },
    invoiceAt: instantFromDb(row.invoice_at),
    subscription:
      row.subscription_id === null ||
      row.phase_id === null ||
      row.item_id === null ||
      billingPeriod === undefined
        ? undefined
        : {
            subscriptionId: row.subscription_id,
            phaseId: row.phase_id,
            itemId: row.item_id,
            billingPeriod,
          },
    uniqueId: row.unique_id ?? undefined,
    splitGroupId: row.split_group_id ?? undefined,
    metered:
      row.metered_quantity === null || row.metered_pre_line_period_quantity === null
        ? undefined
        : {
            quantity: decimal(row.metered_quantity),
            preLinePeriodQuantity: decimal(row.metered_pre_line_period_quantity),
          },
    rated: row.rated === null ? undefined : ratedFromJson(row.rated),
    createdAt: instantFromDb(row.created_at),
    updatedAt: instantFromDb(row.updated_at),
    deletedAt: optionalFromDb(row.deleted_at),
  };
}

/** Values in the order of `lineColumns`. */
export const lineToDb = (line: Line): readonly unknown[] => [
  line.namespace,
  line.id,
  line.invoiceId,
  line.currency,
  line.managedBy,
  instantToDb(line.period.from),
  instantToDb(line.period.to),
  instantToDb(line.invoiceAt),
  instantToDb(billableAt(line)),
  line.subscription?.subscriptionId ?? null,
  line.subscription?.phaseId ?? null,
  line.subscription?.itemId ?? null,
  optionalToDb(line.subscription?.billingPeriod.from),
  optionalToDb(line.subscription?.billingPeriod.to),
  line.uniqueId ?? null,
  line.splitGroupId ?? null,
  JSON.stringify(termsToJson(line)),
  line.metered === undefined ? null : toNumeric(line.metered.quantity),
  line.metered === undefined ? null : toNumeric(line.metered.preLinePeriodQuantity),
  line.rated === undefined ? null : JSON.stringify(ratedToJson(line.rated)),
  instantToDb(line.createdAt),
  instantToDb(line.updatedAt),
  optionalToDb(line.deletedAt),
];

export interface GroupRow {
  readonly namespace: string;
  readonly id: string;
  readonly unique_id: string | null;
  readonly subscription_id: string | null;
  readonly period_from: Date;
  readonly period_to: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

export const groupColumns = [
  'namespace',
  'id',
  'unique_id',
  'subscription_id',
  'period_from',
  'period_to',
  'created_at',
  'updated_at',
  'deleted_at',
] as const;

export const groupFromDb = (row: GroupRow): SplitGroup => ({
  namespace: row.namespace,
  id: row.id,
  uniqueId: row.unique_id ?? undefined,
  subscriptionId: row.subscription_id ?? undefined,
  period: { from: instantFromDb(row.period_from), to: instantFromDb(row.period_to) },
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: optionalFromDb(row.deleted_at),
});

export const groupToDb = (group: SplitGroup): readonly unknown[] => [
  group.namespace,
  group.id,
  group.uniqueId ?? null,
  group.subscriptionId ?? null,
  instantToDb(group.period.from),
  instantToDb(group.period.to),
  instantToDb(group.createdAt),
  instantToDb(group.updatedAt),
  optionalToDb(group.deletedAt),
];
