import type { Feature } from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import type { Db, Decimal, Instant, Period, Refusal, Tx } from '@ledgerline/kernel';
import type { MeterAggregation } from '@ledgerline/rating/core';
import type { SubscriptionView } from '@ledgerline/subscriptions/core';
import type { InvoiceNumberKind } from './invoice-number.js';
import type { GatheringInvoice, Invoice, StandardInvoice } from './invoice.js';
import type { Line, SplitGroup } from './line.js';
import type { ExistingLine } from './plan-line-sync.js';
import type { FoundIssue } from './validation-issue.js';
import type { BillingProfile } from './workflow.js';

type Schemas = components['schemas'];

// ---- what invoicing asks of lower rooms, as narrow as it needs it -------------------------------------------------

/** Of the customers room. */
export interface InvoicedCustomer {
  readonly id: string;
  readonly key?: string | undefined;
  readonly name: string;
  readonly billingAddress?: { readonly [K in keyof Schemas['Address']]?: string | undefined } | undefined;
  readonly usageAttribution: { readonly subjectKeys: readonly string[] };
  readonly deletedAt?: Instant | undefined;
}
export interface InvoicedCustomers {
  find(db: Db, idOrKey: string): Promise<InvoicedCustomer | undefined>;
  findMany(db: Db, ids: readonly string[]): Promise<readonly InvoicedCustomer[]>;
  /** All money work of one customer happens one after the other. */
  lock(tx: Tx, customerId: string): Promise<unknown>;
}

/** Of the subscriptions room. */
export interface InvoicedSubscriptions {
  load(db: Db, id: string): Promise<SubscriptionView | undefined>;
}

/** Of the catalog. */
export interface InvoicedFeatures {
  find(db: Db, idOrKey: string): Promise<Feature | undefined>;
}

/** Of metering. */
export interface InvoicedMeters {
  /** Deleted ones too; a refusal when there never was one. */
  get(namespace: string, id: string): Promise<{ readonly aggregation: MeterAggregation }>;
}
export interface UsageQuestion {
  readonly namespace: string;
  readonly meterId: string;
  readonly subjects: readonly string[];
  readonly filters?: Feature['filters'];
  readonly periods: readonly Period[];
  /** With it each period is also cut into windows. */
  readonly window?: { readonly size: 'MINUTE' | 'HOUR' | 'DAY' | 'MONTH'; readonly timeZone: string };
}
export interface UsageAnswer {
  readonly value: Decimal;
  /** Those that hold usage, in order. Empty when none were asked for. */
  readonly windows: readonly { readonly start: Instant; readonly end: Instant; readonly value: Decimal }[];
}
export interface InvoicedUsage {
  /** Exact usage of each period, in their order. Never within a transaction: it asks another engine. */
  run(question: UsageQuestion): Promise<readonly UsageAnswer[]>;
}

// ---- what invoicing asks of the apps, implemented by providers ----------------------------------------------------

export const INVOICING_APPS = Symbol('invoicing.INVOICING_APPS');

/** What an app answers to one effect. Critical issues make the state fail; a throw is tried again by the job. */
export interface AppOutcome {
  readonly issues: readonly FoundIssue[];
  /** A counter of ours that numbers the invoice, or the app's own number. Asked of `finalize` alone. */
  readonly number?: { readonly counter: InvoiceNumberKind } | { readonly text: string };
  readonly sentToCustomer?: boolean;
  readonly externalId?: string;
}

/** What an app wants done when an invoice has come to rest in a state. */
export interface RestOutcome extends AppOutcome {
  readonly trigger?: 'paid' | 'failed' | 'uncollectible' | 'action_required' | 'overdue';
}

/** One installed app. The key of an effect is the same when it is asked again after a crash. */
export interface InvoicingApp {
  readonly id: string;
  readonly type: Schemas['AppType'];
  /** Why this customer cannot be billed through the app; undefined when it can. */
  acceptCustomer(db: Db, customer: InvoicedCustomer): Promise<Refusal | undefined>;
  validate(invoice: InvoiceOfApp): Promise<AppOutcome>;
  upsert(invoice: InvoiceOfApp, key: string): Promise<AppOutcome>;
  finalize(invoice: InvoiceOfApp, key: string): Promise<AppOutcome>;
  delete(invoice: InvoiceOfApp, key: string): Promise<AppOutcome>;
  postAdvance(invoice: InvoiceOfApp, key: string): Promise<RestOutcome>;
}

export interface InvoiceOfApp {
  readonly invoice: StandardInvoice;
  readonly lines: readonly Line[];
}

export interface InvoicingApps {
  /** Installed, or uninstalled while invoices still name it. */
  find(db: Db, appId: string): Promise<InvoicingApp | undefined>;
  /** For `expand=apps`: the apps as the contract shows them. */
  describe(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Schemas['App']>>;
}

// ---- what invoicing keeps ----------------------------------------------------------------------------------------

export type InvoiceOrder =
  'createdAt' | 'updatedAt' | 'issuedAt' | 'status' | 'periodStart' | 'customer.name';

export interface InvoiceListQuery {
  readonly customers?: readonly string[] | undefined;
  /** Matches every extended status that starts with one of these. */
  readonly statuses?: readonly string[] | undefined;
  readonly extendedStatuses?: readonly string[] | undefined;
  readonly issuedAfter?: Instant | undefined;
  readonly issuedBefore?: Instant | undefined;
  readonly periodStartAfter?: Instant | undefined;
  readonly periodStartBefore?: Instant | undefined;
  readonly createdAfter?: Instant | undefined;
  readonly createdBefore?: Instant | undefined;
  readonly includeDeleted: boolean;
  readonly orderBy: InvoiceOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface InvoiceStore {
  find(db: Db, id: string): Promise<Invoice | undefined>;
  list(
    db: Db,
    query: InvoiceListQuery,
  ): Promise<{ readonly items: readonly Invoice[]; readonly totalCount: number }>;
  findGathering(db: Db, customerId: string): Promise<readonly GatheringInvoice[]>;
  insert(tx: Tx, invoice: Invoice): Promise<void>;
  /** False when the row is not at `invoice.version` any more; raises it otherwise. */
  update(tx: Tx, invoice: Invoice): Promise<boolean>;
  /** The counter's next value. Its row stays locked until the transaction ends, so no number is lost. */
  nextNumber(tx: Tx, kind: InvoiceNumberKind): Promise<bigint>;
  nextAdvanceAt(db: Db): Promise<Instant | undefined>;
  listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]>;
  /** The customer's invoices that keep it from being deleted. */
  findUnsettled(db: Db, customerId: string): Promise<Invoice | undefined>;
}

export interface LineStore {
  ofInvoices(db: Db, invoiceIds: readonly string[]): Promise<readonly Line[]>;
  /** Everything the subscription has, deleted included, by unique id. */
  ofSubscription(db: Db, subscriptionId: string): Promise<ReadonlyMap<string, ExistingLine>>;
  findGroups(db: Db, ids: readonly string[]): Promise<readonly SplitGroup[]>;
  /** Live lines of these groups on standard invoices that are not deleted. */
  billedOfGroups(db: Db, groupIds: readonly string[]): Promise<readonly Line[]>;
  insert(tx: Tx, line: Line): Promise<void>;
  update(tx: Tx, line: Line): Promise<void>;
  insertGroup(tx: Tx, group: SplitGroup): Promise<void>;
  updateGroup(tx: Tx, group: SplitGroup): Promise<void>;
  nextBillableAt(db: Db): Promise<Instant | undefined>;
  listBillableCustomers(db: Db, now: Instant, limit: number): Promise<readonly string[]>;
}

export interface ProfileListQuery {
  readonly includeDeleted: boolean;
  readonly orderBy: 'createdAt' | 'updatedAt' | 'default' | 'name';
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface ProfileStore {
  find(db: Db, id: string): Promise<BillingProfile | undefined>;
  findDefault(db: Db): Promise<BillingProfile | undefined>;
  list(
    db: Db,
    query: ProfileListQuery,
  ): Promise<{ readonly items: readonly BillingProfile[]; readonly totalCount: number }>;
  /** Lets changes of who is the default follow each other. */
  lock(tx: Tx): Promise<void>;
  insert(tx: Tx, profile: BillingProfile): Promise<void>;
  update(tx: Tx, profile: BillingProfile): Promise<void>;
  /** Whether a live profile names the app. */
  namesApp(db: Db, appId: string): Promise<boolean>;
}

/** How far a subscription's lines are generated. */
export interface SyncState {
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly hasBillables: boolean;
  readonly syncedAt?: Instant | undefined;
  /** Undefined when nothing will come of looking again. */
  readonly dueAt?: Instant | undefined;
}

export interface SyncStore {
  /** Locks the row until the transaction ends: a request that comes meanwhile waits, and is not forgotten. */
  findForChange(tx: Tx, subscriptionId: string): Promise<SyncState | undefined>;
  save(tx: Tx, state: SyncState): Promise<void>;
  /** Asks for a sync at `tx.at`, whatever is known of the subscription. */
  request(tx: Tx, subscriptionIds: readonly string[]): Promise<void>;
  nextDueAt(db: Db): Promise<Instant | undefined>;
  listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]>;
}
