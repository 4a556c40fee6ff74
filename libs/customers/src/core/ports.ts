import type { components } from '@ledgerline/contract';
import type { Db, Instant, Refusal, Tx } from '@ledgerline/kernel';
import type { Customer } from './customer.js';
import type { Claim } from './decide-customer.js';
import type { Subject } from './subject.js';

/** What higher rooms know customers by. */
export interface Customers {
  /** By id, deleted or not, or by the key of a live customer; an id wins. */
  find(db: Db, idOrKey: string): Promise<Customer | undefined>;
  /** By id, deleted or not, in no particular order. */
  findMany(db: Db, ids: readonly string[]): Promise<readonly Customer[]>;
  /** The live customer whose key or subject key this is, or whose subject has this id. */
  findBySubject(db: Db, idOrKey: string): Promise<Customer | undefined>;
  /**
   * Puts all work on one customer in a row until the transaction ends: money, entitlements, change and deletion. Answers
   * the customer as it is once the lock is held.
   */
  lock(tx: Tx, customerId: string): Promise<Customer | undefined>;
  /** Gives a customer the currency it is billed in; take the lock first. */
  setCurrency(tx: Tx, customerId: string, currency: string): Promise<void>;
}

/** Customers in Postgres. */
export interface CustomerStore extends Omit<Customers, 'setCurrency' | 'findBySubject'> {
  /** The live customer whose key or subject key this is. */
  findBySubject(db: Db, subject: string): Promise<Customer | undefined>;
  /** Locks the row until the transaction ends and reads it then. */
  findForChange(tx: Tx, idOrKey: string): Promise<Customer | undefined>;
  findLiveBySubjects(db: Db, subjects: readonly string[]): Promise<readonly SubjectOwner[]>;
  /** Who stands in the way of a customer with this key and these subjects. */
  findClaims(db: Db, wanted: Pick<Customer, 'id' | 'key' | 'usageAttribution'>): Promise<readonly Claim[]>;
  /** Throws a conflict refusal when somebody else was quicker to take the key or a subject. */
  insert(tx: Tx, customer: Customer): Promise<void>;
  /** As `insert`; subjects no longer named are detached. A deleted customer loses all of them. */
  update(tx: Tx, customer: Customer): Promise<void>;
  list(db: Db, query: CustomerListQuery): Promise<CustomerPage>;
}

/** Subjects in Postgres. */
export interface SubjectStore {
  /** By id, deleted or not, or by the key of a live subject; an id wins. */
  find(db: Db, idOrKey: string): Promise<Subject | undefined>;
  /** As `find`, locked until the transaction ends. */
  findForChange(tx: Tx, idOrKey: string): Promise<Subject | undefined>;
  /** Which of these texts are ids of subjects, deleted ones included. */
  findIds(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The first live ones by id. */
  list(db: Db, limit: number): Promise<readonly Subject[]>;
  /** Display names by key, of the live subjects among these keys. */
  names(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>>;
  /** Adds those whose keys no live subject has, and answers these. */
  insertMissing(tx: Tx, subjects: readonly Subject[]): Promise<readonly Subject[]>;
  /**
   * Locks the live subjects of these keys until the transaction ends, adding the missing ones as given; answers them all
   * as they are. Nobody who races for a key fails: the second one finds the first one's subject.
   */
  claim(tx: Tx, subjects: readonly Subject[]): Promise<readonly Subject[]>;
  update(tx: Tx, subjects: readonly Subject[]): Promise<void>;
}

export interface SubjectOwner {
  readonly subject: string;
  readonly customerId: string;
}

export type CustomerOrder = 'id' | 'name' | 'createdAt';

export interface CustomerListQuery {
  /** Texts are looked for anywhere within the property, without regard to case. */
  readonly key?: string | undefined;
  readonly name?: string | undefined;
  readonly primaryEmail?: string | undefined;
  readonly subject?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly includeDeleted: boolean;
  readonly orderBy: CustomerOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface CustomerPage {
  readonly items: readonly Customer[];
  readonly totalCount: number;
}

/** Asked of every room that keeps something for a customer: why it must not be deleted. */
export interface DeletionGuard {
  check(db: Db, customer: Customer, now: Instant): Promise<Refusal | undefined>;
}

export interface ActiveSubscriptions {
  readonly currentSubscriptionId?: string | undefined;
  /** In the contract's form: customers hands them on unread. */
  readonly subscriptions: readonly components['schemas']['Subscription'][];
}

/** Asked of subscriptions. */
export interface CustomerSubscriptions {
  /** The subscriptions active at `now`; customers without any may be missing. */
  activeOf(
    db: Db,
    customerIds: readonly string[],
    now: Instant,
  ): Promise<ReadonlyMap<string, ActiveSubscriptions>>;
  /** Customers with a subscription to some version of the plan, active at `now`. */
  customerIdsOnPlan(db: Db, planKey: string, now: Instant): Promise<readonly string[]>;
}
