import type { Balance } from '@ledgerline/credits/core';
import type { Db, Instant, Json, Period, Tx } from '@ledgerline/kernel';
import type { Channel } from './channel.js';
import type { WatchedEntitlement } from './decide-events.js';
import type { Attempt, AttemptOutcome, Delivery } from './delivery.js';
import type { EventTopic, NotificationEvent, SayOnce } from './event.js';
import type { Rule, RuleType } from './rule.js';
import type { HeardReset, Watch } from './watch.js';

export interface Page<T> {
  readonly items: readonly T[];
  readonly totalCount: number;
}

interface Paging<Order extends string> {
  readonly orderBy: Order;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface ChannelListQuery extends Paging<'id' | 'type' | 'createdAt' | 'updatedAt'> {
  readonly includeDeleted: boolean;
  readonly includeDisabled: boolean;
}

/** A channel without its secrets. */
export type ChannelState = Pick<Channel, 'id' | 'disabled' | 'deletedAt'>;

/** Channels in Postgres, their secrets sealed. */
export interface ChannelStore {
  /** Deleted ones too. */
  find(db: Db, id: string): Promise<Channel | undefined>;
  /** As `find`, locked until the transaction ends. */
  findForChange(tx: Tx, id: string): Promise<Channel | undefined>;
  /** Deleted ones too. Opens no secret. */
  states(db: Db, ids: readonly string[]): Promise<readonly ChannelState[]>;
  /** The live ones among these, none of which is deleted until the transaction ends. */
  hold(tx: Tx, ids: readonly string[]): Promise<readonly string[]>;
  insert(tx: Tx, channel: Channel): Promise<void>;
  update(tx: Tx, channel: Channel): Promise<void>;
  list(db: Db, query: ChannelListQuery): Promise<Page<Channel>>;
}

export interface RuleListQuery extends Paging<'id' | 'type' | 'createdAt' | 'updatedAt'> {
  readonly includeDeleted: boolean;
  readonly includeDisabled: boolean;
  /** Ids or keys, as rules name them. */
  readonly features?: readonly string[] | undefined;
  readonly channelIds?: readonly string[] | undefined;
}

export interface RuleStore {
  /** Deleted ones too. */
  find(db: Db, id: string): Promise<Rule | undefined>;
  findMany(db: Db, ids: readonly string[]): Promise<readonly Rule[]>;
  findForChange(tx: Tx, id: string): Promise<Rule | undefined>;
  findAwake(db: Db, types: readonly RuleType[]): Promise<readonly Rule[]>;
  /** Ids of the live rules that name the channel. */
  idsOfChannel(db: Db, channelId: string): Promise<readonly string[]>;
  insert(tx: Tx, rule: Rule): Promise<void>;
  update(tx: Tx, rule: Rule): Promise<void>;
  list(db: Db, query: RuleListQuery): Promise<Page<Rule>>;
}

export interface EventListQuery extends Paging<'id' | 'createdAt'> {
  /** Both included. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /** Ids or keys. */
  readonly features?: readonly string[] | undefined;
  readonly subjects?: readonly string[] | undefined;
  readonly ruleIds?: readonly string[] | undefined;
  readonly channelIds?: readonly string[] | undefined;
}

export interface EventStore {
  find(db: Db, id: string): Promise<NotificationEvent | undefined>;
  list(db: Db, query: EventListQuery): Promise<Page<NotificationEvent>>;
  /** False when it was said already; then nothing is written. */
  insert(
    tx: Tx,
    event: NotificationEvent,
    about: { readonly topic: EventTopic; readonly once: SayOnce },
  ): Promise<boolean>;
}

export interface DeliveryStore {
  /** Of these events, with their newest attempts first. */
  ofEvents(db: Db, eventIds: readonly string[]): Promise<readonly DeliveryWithAttempts[]>;
  /** Locks the row until the transaction ends. */
  findForChange(tx: Tx, eventId: string, channelId: string): Promise<Delivery | undefined>;
  insert(tx: Tx, deliveries: readonly Delivery[]): Promise<void>;
  /** Raises the version. */
  update(tx: Tx, delivery: Delivery): Promise<void>;
  addAttempt(tx: Tx, delivery: Pick<Delivery, 'eventId' | 'channelId'>, attempt: Attempt): Promise<void>;
  nextAttemptAt(db: Db): Promise<Instant | undefined>;
  listDue(db: Db, now: Instant, limit: number): Promise<readonly Pick<Delivery, 'eventId' | 'channelId'>[]>;
}

export interface DeliveryWithAttempts {
  readonly delivery: Delivery;
  readonly attempts: readonly Attempt[];
}

/** That somebody looks. */
export interface WatchWish {
  /** When it changed. Of one that is new here, changes by time are told from then on. */
  readonly since: Instant;
  readonly reset?: HeardReset | undefined;
}

/** Which entitlements are to be looked at, and when. */
export interface WatchStore {
  find(db: Db, entitlementId: string): Promise<Watch | undefined>;
  /** As `find`, locked until the transaction ends; makes the row when there is none. */
  lock(tx: Tx, entitlementId: string): Promise<Watch>;
  ask(tx: Tx, entitlementId: string, wish: WatchWish): Promise<void>;
  update(tx: Tx, watch: Watch, trouble: string): Promise<void>;
  remove(tx: Tx, entitlementId: string): Promise<void>;
  /** When the next look is due; undefined when there is none, or no rule that would tell. */
  nextDueAt(db: Db): Promise<Instant | undefined>;
  listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]>;
}

/** A metered entitlement as of an instant. */
export interface EntitlementView {
  readonly entitlement: WatchedEntitlement;
  /** It has ended for good: nothing of it will be told any more. */
  readonly isOver: boolean;
  /** When it changes next by time alone. */
  readonly nextChangeAt?: Instant | undefined;
  readonly period: Period;
  /** Absent when it is not active then. */
  readonly balance?: Balance | undefined;
  readonly topic: EventTopic;
  readonly customer: { readonly id: string; readonly key?: string | undefined };
  /** `entitlement`, `value`, `feature`, `subject` and `customer`, as the API shows them. */
  readonly data: { readonly [key: string]: Json };
}

export interface EntitlementViews {
  /** Undefined when there is no such metered entitlement (any more). Refused: it cannot be calculated. */
  at(namespace: string, entitlementId: string, at: Instant): Promise<EntitlementView | undefined>;
}

/** Sends one signed request; whatever becomes of it is an outcome. */
export interface WebhookSender {
  send(channel: Channel, message: { readonly id: string; readonly body: string }): Promise<AttemptOutcome>;
}
