import type { Db, Instant, Refusal, Tx } from '@ledgerline/kernel';
import type { Feature } from './feature.js';
import type { Plan } from './plan.js';
import type { PlanStatus } from './plan-status.js';
import type { PriceBookEntry, PriceKey, Timeline } from './price-book.js';

/** Features in Postgres; also what higher rooms read features by. */
export interface FeatureStore {
  /** By id, archived or not, or by the key of a live feature; an id wins. */
  find(db: Db, idOrKey: string): Promise<Feature | undefined>;
  findActiveByKey(db: Db, key: string): Promise<Feature | undefined>;
  findMany(db: Db, ids: readonly string[]): Promise<readonly Feature[]>;
  findActiveByKeys(db: Db, keys: readonly string[]): Promise<readonly Feature[]>;
  findActiveOfMeter(db: Db, meterId: string): Promise<readonly Feature[]>;
  /** Locks the row until the transaction ends. */
  findForChange(tx: Tx, idOrKey: string): Promise<Feature | undefined>;
  /** Keeps these features from being archived until the transaction ends. */
  hold(tx: Tx, ids: readonly string[]): Promise<void>;
  /** Throws a conflict refusal when a live feature has the key. */
  insert(tx: Tx, feature: Feature): Promise<void>;
  archive(tx: Tx, feature: Feature): Promise<void>;
  list(db: Db, query: FeatureListQuery): Promise<FeaturePage>;
}

export type FeatureOrder = 'id' | 'key' | 'name' | 'createdAt' | 'updatedAt';

export interface FeatureListQuery {
  readonly meterSlugs?: readonly string[] | undefined;
  readonly includeArchived: boolean;
  readonly orderBy: FeatureOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface FeaturePage {
  readonly items: readonly Feature[];
  readonly totalCount: number;
}

/** Plans in Postgres; also what higher rooms read plans by. */
export interface PlanStore {
  /** By id, deleted or not. */
  find(db: Db, id: string): Promise<Plan | undefined>;
  findActive(db: Db, key: string, now: Instant): Promise<Plan | undefined>;
  /** Live versions only. */
  findVersion(db: Db, key: string, version: number): Promise<Plan | undefined>;
  findLatest(db: Db, key: string): Promise<Plan | undefined>;
  findDraft(db: Db, key: string): Promise<Plan | undefined>;
  /** An active or scheduled plan whose rate cards name the feature. */
  findLiveWithFeature(db: Db, featureId: string, now: Instant): Promise<Plan | undefined>;
  /** Lets changes of one key's versions follow each other; answers the highest version there ever was, 0 for none. */
  lockKey(tx: Tx, key: string): Promise<number>;
  /** The plan must be the key's next version. */
  insert(tx: Tx, plan: Plan): Promise<void>;
  update(tx: Tx, plan: Plan): Promise<void>;
  list(db: Db, query: PlanListQuery): Promise<PlanPage>;
}

export type PlanOrder = 'id' | 'key' | 'version' | 'created_at' | 'updated_at';

export interface PlanListQuery {
  /** A plan that matches any of the filters `ids` to `currencies` is in; none of them given: all are. */
  readonly ids?: readonly string[] | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly keyVersions?: Readonly<Record<string, readonly number[]>> | undefined;
  readonly currencies?: readonly string[] | undefined;
  /** Must match too. */
  readonly statuses?: readonly PlanStatus[] | undefined;
  readonly includeDeleted: boolean;
  readonly now: Instant;
  readonly orderBy: PlanOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface PlanPage {
  readonly items: readonly Plan[];
  readonly totalCount: number;
}

/** Asked of the rooms above: who keeps a feature from being archived. Implemented by subscriptions. */
export interface FeatureReferences {
  /** Why the feature is in use at `now`; undefined when it is not. */
  check(db: Db, feature: Feature, now: Instant): Promise<Refusal | undefined>;
}

/** Asked of entitlements: how many live ones stand on features of a meter. */
export interface MeterEntitlements {
  countOnMeter(db: Db, meterId: string, now: Instant): Promise<number>;
}

/** Prices in Postgres. Rows are added and marked as superseded, nothing else. */
export interface PriceBookStore {
  /** Throws a conflict refusal when the key has another price from the same instant on. */
  insert(tx: Tx, entry: PriceBookEntry): Promise<void>;
  /** Locks the row until the transaction ends. */
  findForChange(tx: Tx, id: string): Promise<PriceBookEntry | undefined>;
  /** Marks the entry that `by` corrects. */
  supersede(tx: Tx, by: PriceBookEntry): Promise<void>;
  list(db: Db, query: PriceListQuery): Promise<PricePage>;
  /** What the book says today about these keys, of all times. */
  timelines(db: Db, keys: readonly PriceKey[]): Promise<(key: PriceKey) => Timeline>;
}

export interface PriceListQuery {
  /** Only what was in force then: one entry for each key at most. */
  readonly at?: Instant | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly tokenType?: string | undefined;
  /** Entries that were corrected, and withdrawals. Not together with `at`. */
  readonly includeSuperseded: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface PricePage {
  readonly items: readonly PriceBookEntry[];
  readonly totalCount: number;
}
