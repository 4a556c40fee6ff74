import { CUSTOMERS } from '@ledgerline/customers';
import {
  type Customer,
  customerIsDeleted,
  customerNotFound,
  type Customers,
} from '@ledgerline/customers/core';
import {
  type FeatureStore,
  type FeaturesByReference,
  type Plan,
  type PlanContent,
  type PlanStore,
  planStatusAt,
  withFeatureIds,
} from '@ledgerline/catalog/core';
import { FEATURES, holdFeaturesById, holdFeaturesByKey, PLANS } from '@ledgerline/catalog';
import { refusal, type Refusal, Refused, type Tx } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { Offer } from '../core/decide-create.js';
import type { BillingReadiness } from '../core/ports.js';
import { BILLING_READINESS } from '../tokens.js';

export type OfferRequest =
  | { readonly kind: 'plan'; readonly key: string; readonly version?: number | undefined }
  | { readonly kind: 'custom'; readonly content: PlanContent };

/** Speaks with customers, catalog and invoicing for a new subscription, with the customer locked. */
export class SetUpCreation {
  constructor(
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(BILLING_READINESS) private readonly readiness: BillingReadiness,
  ) {}

  async customer(tx: Tx, idOrKey: string): Promise<Customer> {
    const seen = await this.customers.find(tx, idOrKey);
    // What the lock answers is newer: the customer may have been deleted while we waited.
    const customer = seen === undefined ? undefined : await this.customers.lock(tx, seen.id);
    if (customer === undefined) throw new Refused(customerNotFound(tx.namespace, idOrKey));
    if (customer.deletedAt !== undefined) throw new Refused(customerIsDeleted(customer));
    return customer;
  }

  async offer(tx: Tx, request: OfferRequest): Promise<Offer & { readonly features: FeaturesByReference }> {
    if (request.kind === 'plan') {
      const plan = await this.findPlan(tx, request);
      const { id, key, version } = plan;
      // Held, so that none is archived before the subscription that names it is written.
      const features = await holdFeaturesById(tx, plan.phases, this.features);
      return { content: plan, plan: { id, key, version }, features };
    }
    const features = await holdFeaturesByKey(tx, request.content.phases, this.features);
    // Like a plan's, its rate cards keep the features that their keys mean now.
    const content = { ...request.content, phases: withFeatureIds(request.content.phases, features) };
    return { content, features };
  }

  notReady(tx: Tx, customer: Customer): Promise<Refusal | undefined> {
    return this.readiness.check(tx, customer);
  }

  adoptCurrency(tx: Tx, customer: Customer, currency: string): Promise<void> {
    return this.customers.setCurrency(tx, customer.id, currency);
  }

  private async findPlan(
    tx: Tx,
    { key, version }: { readonly key: string; readonly version?: number | undefined },
  ): Promise<Plan> {
    const plan =
      version === undefined
        ? ((await this.plans.findActive(tx, key, tx.at)) ?? (await this.plans.findLatest(tx, key)))
        : await this.plans.findVersion(tx, key, version);
    if (plan === undefined) {
      const which = version === undefined ? key : `${key}, version ${version}`;
      throw new Refused(refusal.notFound(`plan not found: ${which}`));
    }
    const status = planStatusAt(plan, tx.at);
    if (status !== 'active') {
      const message = `version ${plan.version} of the plan ${key} is ${status}; only active ones can be subscribed to`;
      throw new Refused(refusal.invalidField('$.plan', 'plan_not_active', message));
    }
    return plan;
  }
}
