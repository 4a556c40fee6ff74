import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import { type Balance, hasAccess, usagePeriodAt } from '@ledgerline/credits/core';
import { CUSTOMERS } from '@ledgerline/customers';
import type { Customer, Customers } from '@ledgerline/customers/core';
import { type Instant, invariant, latest, type Period, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { isActiveAt, type MeteredEntitlement, usagePeriodsOf } from '../core/entitlement.js';
import { nextChangeAfter } from '../core/next-change.js';
import type { EntitlementStore, GrantStore } from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import { CalculateBalances } from '../use-cases/calculate-balances.js';
import { entitlementToApi, subjectKeyOf, valueToApi } from './convert-reply.js';

/** A metered entitlement as of an instant, for rooms that tell others of it. */
export interface ShownBalance {
  readonly entitlement: MeteredEntitlement;
  readonly customer: Customer;
  readonly feature: Feature;
  readonly period: Period;
  /** Absent when it is not active then. */
  readonly balance: Balance | undefined;
  /** When it changes next by time alone. */
  readonly nextChangeAt: Instant | undefined;
  /** As the API shows both. */
  readonly shown: Pick<
    components['schemas']['NotificationEventEntitlementValuePayloadBase'],
    'entitlement' | 'value'
  >;
}

/** Looks at one metered entitlement by its id. Not within a transaction: usage is asked of another engine. */
export class ShowBalance {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(CalculateBalances) private readonly balances: CalculateBalances,
  ) {}

  /** Undefined when there is no such entitlement (any more) or it is not metered. Throws a refusal when it cannot be calculated. */
  async at(namespace: string, entitlementId: string, at: Instant): Promise<ShownBalance | undefined> {
    const db = this.unitOfWork.reader(namespace);
    const entitlement = await this.entitlements.find(db, entitlementId);
    if (entitlement?.type !== 'metered') return undefined;
    const [customer] = await this.customers.findMany(db, [entitlement.customerId]);
    const [feature] = await this.features.findMany(db, [entitlement.featureId]);
    invariant(
      customer !== undefined && feature !== undefined,
      `customer and feature of entitlement ${entitlementId} exist`,
    );
    const isActive = isActiveAt(entitlement, at);
    const balance = isActive
      ? (await this.balances.run(db, customer, [entitlement], at)).get(entitlementId)
      : undefined;
    const nextChangeAt = nextChangeAfter(entitlement, await this.grants.findOf(db, [entitlementId]), at);
    const period = usagePeriodAt(usagePeriodsOf(entitlement), latest(at, entitlement.measureUsageFrom));
    const value = balance && {
      kind: 'metered' as const,
      hasAccess: hasAccess(balance, entitlement.isSoftLimit),
      balance,
    };
    const shown = {
      entitlement: meteredToApi(entitlement, subjectKeyOf(customer), at),
      value: valueToApi(value ?? { kind: 'none' }),
    };
    return { entitlement, customer, feature, period, balance, nextChangeAt, shown };
  }
}

function meteredToApi(
  ...parts: Parameters<typeof entitlementToApi>
): components['schemas']['EntitlementMetered'] {
  const shown = entitlementToApi(...parts);
  invariant(shown.type === 'metered', 'a metered entitlement is shown as one');
  return shown;
}
