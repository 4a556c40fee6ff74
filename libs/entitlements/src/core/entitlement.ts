import type { Expiration, Grant, UsagePeriodEntry } from '@ledgerline/credits/core';
import {
  type Decimal,
  type Instant,
  isAtOrBefore,
  isBefore,
  type Json,
  type MinuteInstant,
  type Recurrence,
} from '@ledgerline/kernel';

export type Metadata = Readonly<Record<string, string>>;
export type Annotations = Readonly<Record<string, Json>>;

interface EntitlementBase {
  readonly id: string;
  readonly namespace: string;
  readonly customerId: string;
  readonly featureId: string;
  readonly featureKey: string;
  readonly metadata?: Metadata | undefined;
  readonly activeFrom: Instant;
  /** Exclusive; absent means open. At `activeFrom` it never comes to be. */
  readonly activeTo?: Instant | undefined;
  /** The item of the subscription it is part of. Users may not change such an entitlement. */
  readonly managedBy?: { readonly subscriptionId: string; readonly itemId: string } | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

/** Usage is counted and burns grants. */
export interface MeteredEntitlement extends EntitlementBase {
  readonly type: 'metered';
  readonly meterId: string;
  /** As it was created; manual resets may move the anchor of later periods. */
  readonly usagePeriod: Recurrence;
  readonly measureUsageFrom: MinuteInstant;
  /** True: access is never refused, whatever the balance. */
  readonly isSoftLimit: boolean;
  /** What each usage period starts with, by the default grant. */
  readonly issue?: { readonly amount: Decimal; readonly priority: number } | undefined;
  readonly preserveOverageAtReset: boolean;
  /** Made by hand, in time order. */
  readonly resets: readonly UsagePeriodEntry[];
}

export interface StaticEntitlement extends EntitlementBase {
  readonly type: 'static';
  /** JSON text, as it was sent. */
  readonly config: string;
  readonly usagePeriod?: Recurrence | undefined;
}

export interface BooleanEntitlement extends EntitlementBase {
  readonly type: 'boolean';
  readonly usagePeriod?: Recurrence | undefined;
}

/** What a customer may use. */
export type Entitlement = MeteredEntitlement | StaticEntitlement | BooleanEntitlement;

/** A grant with what only its owner wants to know. */
export interface EntitlementGrant extends Grant {
  readonly entitlementId: string;
  /** As it was asked for; `expiresAt` follows from it. */
  readonly expiration?: Expiration | undefined;
  readonly metadata?: Metadata | undefined;
  readonly annotations?: Annotations | undefined;
  readonly updatedAt: Instant;
}

export const isActiveAt = (
  { activeFrom, activeTo, deletedAt }: Pick<Entitlement, 'activeFrom' | 'activeTo' | 'deletedAt'>,
  at: Instant,
): boolean =>
  deletedAt === undefined &&
  isAtOrBefore(activeFrom, at) &&
  (activeTo === undefined || isBefore(at, activeTo));

/** The stretches of usage periods, for the credit engine: one as created, and one more for each reset by hand. */
export const usagePeriodsOf = (
  entitlement: Pick<MeteredEntitlement, 'measureUsageFrom' | 'usagePeriod' | 'resets'>,
): readonly UsagePeriodEntry[] => [
  { from: entitlement.measureUsageFrom, ...entitlement.usagePeriod },
  ...entitlement.resets,
];

/** The last reset by hand; without one, where measuring began. */
export const lastResetOf = ({ measureUsageFrom, resets }: MeteredEntitlement): Instant =>
  resets.at(-1)?.from ?? measureUsageFrom;
