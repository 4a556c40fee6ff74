import type { Customer } from '@ledgerline/customers/core';
import type { components } from '@ledgerline/contract';
import type { EntitlementTemplate } from '@ledgerline/catalog/core';
import type { Db, Decision, Instant, MinuteInstant, Refusal, Tx } from '@ledgerline/kernel';
import type { Subscription } from './subscription.js';
import type { SubscriptionStatus } from './subscription-status.js';
import type { SubscriptionView } from './subscription-view.js';

/** What higher rooms read subscriptions by. */
export interface Subscriptions {
  /** Deleted ones too: their lines must go. */
  load(db: Db, id: string): Promise<SubscriptionView | undefined>;
  /** Those of the customer that run at `now`, in the order of their starts. */
  activeOf(db: Db, customerId: string, now: Instant): Promise<readonly SubscriptionView[]>;
}

/** Subscriptions in Postgres. */
export interface SubscriptionStore {
  /** Deleted ones too. */
  find(db: Db, id: string): Promise<Subscription | undefined>;
  /** Those that are not deleted and have not ended at `now`, in the order of their starts. */
  findOpenOf(db: Db, customerIds: readonly string[], now: Instant): Promise<readonly Subscription[]>;
  /** Customers with a subscription to some version of the plan that is active at `now`. */
  findCustomerIdsOnPlan(db: Db, planKey: string, now: Instant): Promise<readonly string[]>;
  findOpenWithFeature(db: Db, featureId: string, now: Instant): Promise<{ readonly id: string } | undefined>;
  insert(tx: Tx, subscription: Subscription): Promise<void>;
  /** Writes the end, the deletion and the items' entitlements; the rest does not change. */
  update(tx: Tx, subscription: Subscription): Promise<void>;
  list(db: Db, query: SubscriptionListQuery): Promise<SubscriptionPage>;
}

export interface SubscriptionListQuery {
  readonly customerId: string;
  readonly statuses?: readonly SubscriptionStatus[] | undefined;
  readonly now: Instant;
  readonly orderBy: 'activeFrom' | 'activeTo';
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface SubscriptionPage {
  readonly items: readonly Subscription[];
  readonly totalCount: number;
}

/** Everything entitlements needs to make the entitlement of an item. */
export interface ItemEntitlement {
  readonly customerId: string;
  readonly subscriptionId: string;
  readonly itemId: string;
  readonly featureId: string;
  readonly featureKey: string;
  readonly template: EntitlementTemplate;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  /** Usage periods of a metered one are counted from here. */
  readonly usagePeriodAnchor: MinuteInstant;
  /** The phase's start: replacing an item within the phase must not forget the usage before it. */
  readonly measureUsageFrom: MinuteInstant;
}

/** Asked of entitlements. What it makes is managed by the subscription: users may not change it. */
export interface EntitlementWriter {
  createForItem(tx: Tx, item: ItemEntitlement): Promise<Decision<{ readonly entitlementId: string }>>;
  /** Moves the end, or takes it away. An end at or before the start means that it never comes to be. */
  endForItem(tx: Tx, entitlementId: string, at: Instant | undefined): Promise<Refusal | undefined>;
}

/** Asked of entitlements: how entitlements look in a reply. */
export interface EntitlementViews {
  describe(
    db: Db,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, components['schemas']['Entitlement']>>;
}

/** Asked of invoicing before a subscription with prices is made. */
export interface BillingReadiness {
  /** Why the customer cannot be invoiced; undefined when it can. */
  check(tx: Tx, customer: Customer): Promise<Refusal | undefined>;
}
