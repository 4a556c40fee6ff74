import type { Threshold } from '@ledgerline/credits/core';
import type { Instant } from '@ledgerline/kernel';
import type { Metadata } from './channel.js';

export type RuleType =
  'entitlements.balance.threshold' | 'entitlements.reset' | 'invoice.created' | 'invoice.updated';

/** What somebody wants to be told, and where. */
export interface Rule {
  readonly id: string;
  readonly namespace: string;
  readonly type: RuleType;
  readonly name: string;
  readonly disabled: boolean;
  /** Since when it speaks: what happened before is not told. Absent while disabled. */
  readonly awakeSince?: Instant | undefined;
  readonly channelIds: readonly string[];
  /** Ids or keys, as they were given; absent: every feature. */
  readonly features?: readonly string[] | undefined;
  /** Of balance rules only. */
  readonly thresholds?: readonly Threshold[] | undefined;
  readonly metadata?: Metadata | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

export type RuleDraft = Pick<
  Rule,
  'type' | 'name' | 'disabled' | 'channelIds' | 'features' | 'thresholds' | 'metadata'
>;

/** A rule that speaks: neither deleted nor disabled. */
export const isAwake = ({ disabled, deletedAt }: Rule): boolean => !disabled && deletedAt === undefined;

export const coversFeature = (
  { features }: Pick<Rule, 'features'>,
  feature: { readonly id: string; readonly key: string },
): boolean => features === undefined || features.includes(feature.id) || features.includes(feature.key);
