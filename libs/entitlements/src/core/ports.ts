import type { UsagePeriodEntry } from '@ledgerline/credits/core';
import type { Db, Instant, Tx } from '@ledgerline/kernel';
import type { Entitlement, EntitlementGrant } from './entitlement.js';

/** Entitlements and their grants in Postgres. */
export interface EntitlementStore {
  /** Not deleted ones. */
  find(db: Db, id: string): Promise<Entitlement | undefined>;
  /** Deleted ones too, in no particular order. */
  findMany(db: Db, ids: readonly string[]): Promise<readonly Entitlement[]>;
  findActive(db: Db, customerId: string, featureKey: string, at: Instant): Promise<Entitlement | undefined>;
  findAllActive(db: Db, customerId: string, at: Instant): Promise<readonly Entitlement[]>;
  /** One, other than `id`, of the same customer and feature key that is alive at some instant of this life. */
  findOverlapping(tx: Tx, life: EntitlementLife): Promise<Entitlement | undefined>;
  /** Locks the row until the transaction ends and reads it then; not deleted ones. */
  lock(tx: Tx, id: string): Promise<Entitlement | undefined>;
  /** Throws a conflict refusal when another one is alive at the same time. */
  insert(tx: Tx, entitlement: Entitlement): Promise<void>;
  /** Writes the end and the deletion; the rest does not change. Throws as `insert`. */
  update(tx: Tx, entitlement: Entitlement): Promise<void>;
  addReset(tx: Tx, entitlementId: string, reset: UsageReset): Promise<void>;
  list(db: Db, query: EntitlementListQuery): Promise<Page<Entitlement>>;
  /** Metered ones that are not over. */
  countOnMeter(db: Db, meterId: string, now: Instant): Promise<number>;
}

/** A reset by hand, as it is stored. */
export type UsageReset = Pick<UsagePeriodEntry, 'from' | 'anchor' | 'preserveOverage'> & {
  readonly id: string;
};

export type EntitlementLife = Pick<
  Entitlement,
  'id' | 'customerId' | 'featureKey' | 'activeFrom' | 'activeTo'
>;

export interface GrantStore {
  find(db: Db, id: string): Promise<EntitlementGrant | undefined>;
  /** All of them, also voided and deleted. */
  findOf(db: Db, entitlementIds: readonly string[]): Promise<readonly EntitlementGrant[]>;
  count(db: Db, entitlementId: string): Promise<number>;
  insert(tx: Tx, grants: readonly EntitlementGrant[]): Promise<void>;
  void(tx: Tx, grant: EntitlementGrant): Promise<void>;
  deleteOf(tx: Tx, entitlement: Entitlement): Promise<void>;
  list(db: Db, query: GrantListQuery): Promise<Page<EntitlementGrant>>;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly totalCount: number;
}

/** Each filter that is absent lets everything through; a list lets through what it names. */
export interface EntitlementListQuery {
  readonly customerIds?: readonly string[] | undefined;
  /** Ids or keys. */
  readonly features?: readonly string[] | undefined;
  readonly types?: readonly Entitlement['type'][] | undefined;
  /** Active then. */
  readonly activeAt?: Instant | undefined;
  /** Deleted ones too, whether or not they were active. */
  readonly includeDeleted: boolean;
  readonly orderBy: 'createdAt' | 'updatedAt';
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface GrantListQuery {
  readonly entitlementId?: string | undefined;
  readonly customerIds?: readonly string[] | undefined;
  /** Ids or keys. */
  readonly features?: readonly string[] | undefined;
  readonly includeDeleted: boolean;
  readonly orderBy: 'id' | 'createdAt' | 'updatedAt' | 'effectiveAt';
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}
