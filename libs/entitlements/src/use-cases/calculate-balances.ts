import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import {
  type Aggregation,
  type Balance,
  balanceOf,
  type BalancePlan,
  burnBalance,
  type CreditAccount,
  planBalance,
} from '@ledgerline/credits/core';
import type { Customer } from '@ledgerline/customers/core';
import {
  ceilToMinute,
  type Db,
  floorToMinute,
  type Instant,
  invariant,
  latest,
  Refused,
} from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import { type EntitlementGrant, type MeteredEntitlement, usagePeriodsOf } from '../core/entitlement.js';
import { refuseLongRun } from '../core/limits.js';
import type { GrantStore } from '../core/ports.js';
import { GRANT_STORE } from '../tokens.js';
import { AskUsage } from './ask-usage.js';

interface Planned {
  readonly entitlement: MeteredEntitlement;
  readonly plan: BalancePlan;
}

/** Balances of metered entitlements of one customer, with one usage query for all that read the same usage. */
export class CalculateBalances {
  constructor(
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(AskUsage) private readonly usage: AskUsage,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  /** By entitlement id. Not within a transaction: usage is asked of another engine. */
  async run(
    db: Db,
    customer: Customer,
    entitlements: readonly MeteredEntitlement[],
    at: Instant,
  ): Promise<ReadonlyMap<string, Balance>> {
    const features = await this.features.findMany(
      db,
      distinct(entitlements.map(({ featureId }) => featureId)),
    );
    const featureById = new Map(features.map((feature) => [feature.id, feature]));
    const aggregations = await this.usage.aggregationsOf(
      db,
      entitlements.map(({ meterId }) => meterId),
    );
    const grants = await this.grants.findOf(
      db,
      entitlements.map(({ id }) => id),
    );
    const balances = new Map<string, Balance>();
    for (const [feature, group] of groupedByUsage(entitlements, featureById)) {
      const planned = group.map((entitlement) => ({
        entitlement,
        plan: planOf(entitlement, grants, aggregations, at),
      }));
      for (const [id, balance] of await this.burn(customer, feature, planned)) balances.set(id, balance);
    }
    return balances;
  }

  private async burn(
    customer: Customer,
    feature: Feature,
    planned: readonly Planned[],
  ): Promise<readonly (readonly [string, Balance])[]> {
    const values = await this.usage.run(
      customer,
      feature,
      planned.flatMap(({ plan }) => plan.windows),
    );
    let asked = 0;
    return planned.map(({ entitlement, plan }) => {
      const usage = values.slice(asked, asked + plan.windows.length);
      asked += usage.length;
      return [entitlement.id, balanceOf(burnBalance(plan, usage))] as const;
    });
  }
}

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];

/** Entitlements that read the same meter through the same filters, under one of their features. */
function groupedByUsage(
  entitlements: readonly MeteredEntitlement[],
  features: ReadonlyMap<string, Feature>,
): Iterable<readonly [Feature, MeteredEntitlement[]]> {
  const groups = new Map<string, readonly [Feature, MeteredEntitlement[]]>();
  for (const entitlement of entitlements) {
    const feature = features.get(entitlement.featureId);
    invariant(feature !== undefined, `feature ${entitlement.featureId} of an entitlement exists`);
    const key = JSON.stringify([feature.meterId, feature.filters ?? null]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [feature, [entitlement]]);
    else group[1].push(entitlement);
  }
  return groups.values();
}

function planOf(
  entitlement: MeteredEntitlement,
  grants: readonly EntitlementGrant[],
  aggregations: ReadonlyMap<string, Aggregation>,
  at: Instant,
): BalancePlan {
  const aggregation = aggregations.get(entitlement.meterId);
  invariant(aggregation !== undefined, 'the aggregation of each meter was read');
  const account = accountOf(
    entitlement,
    grants.filter(({ entitlementId }) => entitlementId === entitlement.id),
    aggregation,
  );
  // Usage of the running minute counts. Before measurement begins, the answer is the one at its beginning.
  const minute = floorToMinute(latest(ceilToMinute(at), entitlement.measureUsageFrom));
  const refused = refuseLongRun(account, minute);
  if (refused !== undefined) throw new Refused(refused);
  return planBalance({ ...account, at: minute });
}

/** What the credit engine knows of an entitlement. */
export const accountOf = (
  entitlement: MeteredEntitlement,
  grants: readonly EntitlementGrant[],
  aggregation: Aggregation,
): CreditAccount => ({
  aggregation,
  grants,
  usagePeriods: usagePeriodsOf(entitlement),
  preserveOverageAtReset: entitlement.preserveOverageAtReset,
});
