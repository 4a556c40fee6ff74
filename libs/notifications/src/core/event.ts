import type { Instant, Json } from '@ledgerline/kernel';
import type { RuleType } from './rule.js';

export type Annotations = Readonly<Record<string, string | boolean>>;

/** Something that a rule's owners are told. What it says never changes. */
export interface NotificationEvent {
  readonly id: string;
  readonly namespace: string;
  readonly type: RuleType;
  readonly ruleId: string;
  /** The body that is sent: `{id, type, timestamp, data}`. */
  readonly payload: { readonly [key: string]: Json };
  readonly annotations: Annotations;
  readonly createdAt: Instant;
}

/** What an event is about, for lists. */
export interface EventTopic {
  readonly featureId?: string | undefined;
  readonly featureKey?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly subjectKey?: string | undefined;
}

/**
 * When something has been said already. `series`: nothing new as long as the newest of the series says the same. `once`: nothing
 * new ever.
 */
export type SayOnce =
  | { readonly kind: 'series'; readonly series: string; readonly said: string }
  | { readonly kind: 'once'; readonly key: string }
  | { readonly kind: 'always' };
