import { FEATURES } from '@ledgerline/catalog';
import type { EntitlementTemplate, FeatureStore } from '@ledgerline/catalog/core';
import {
  type Decision,
  type Instant,
  invariant,
  latest,
  type MinuteInstant,
  newId,
  refusal,
  type Refusal,
  type Tx,
  type UnitOfWork,
} from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import {
  decideCreateEntitlement,
  entitlementConflict,
  type EntitlementDraft,
} from '../core/decide-entitlement.js';
import type { EntitlementStore, GrantStore } from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import { createdFacts, entitlementEnded } from './scope.js';

/** The item of a subscription that an entitlement is made for. */
export interface ItemEntitlement {
  readonly customerId: string;
  readonly subscriptionId: string;
  readonly itemId: string;
  readonly featureId: string;
  readonly featureKey: string;
  readonly template: EntitlementTemplate;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  readonly usagePeriodAnchor: MinuteInstant;
  readonly measureUsageFrom: MinuteInstant;
}

/** What subscriptions does with entitlements: its own ones, which users may not change. It holds the customer's lock. */
export class WriteForSubscription {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  async createForItem(tx: Tx, item: ItemEntitlement): Promise<Decision<{ readonly entitlementId: string }>> {
    const [feature] = await this.features.findMany(tx, [item.featureId]);
    if (feature === undefined)
      return { refused: refusal.notFound(`not found error: feature ${item.featureId} not found`) };
    const { subscriptionId, itemId, activeFrom, activeTo } = item;
    const life = { activeFrom, activeTo, managedBy: { subscriptionId, itemId } };
    const { customerId } = item;
    const mine = { id: '', customerId, featureKey: feature.key, activeFrom, activeTo };
    const conflicting = await this.entitlements.findOverlapping(tx, mine);
    const decided = decideCreateEntitlement(draftOf(item), {
      namespace: tx.namespace,
      now: tx.at,
      customerId,
      feature,
      newId,
      life,
      conflicting,
    });
    if (decided.refused !== undefined) return decided;
    const { entitlement, grants } = decided.accepted;
    await this.entitlements.insert(tx, entitlement);
    await this.grants.insert(tx, grants);
    await this.unitOfWork.append(tx, createdFacts(entitlement, grants));
    return { accepted: { entitlementId: entitlement.id } };
  }

  /** Moves the end, or takes it away. An end at or before the start means that it never comes to be. */
  async endForItem(tx: Tx, entitlementId: string, at: Instant | undefined): Promise<Refusal | undefined> {
    const entitlement = await this.entitlements.lock(tx, entitlementId);
    invariant(entitlement?.managedBy !== undefined, `entitlement ${entitlementId} belongs to a subscription`);
    const activeTo = at && latest(at, entitlement.activeFrom);
    const moved = { ...entitlement, activeTo, updatedAt: tx.at };
    const conflicting = await this.entitlements.findOverlapping(tx, moved);
    if (conflicting !== undefined) return entitlementConflict(conflicting.id, moved);
    await this.entitlements.update(tx, moved);
    await this.unitOfWork.append(tx, [entitlementEnded(moved)]);
    return undefined;
  }
}

function draftOf({ template, usagePeriodAnchor, measureUsageFrom }: ItemEntitlement): EntitlementDraft {
  const { metadata } = template;
  switch (template.type) {
    case 'boolean':
      return { type: 'boolean', metadata };
    case 'static':
      return { type: 'static', metadata, config: template.config };
    case 'metered': {
      const { issueAfterReset: amount, issueAfterResetPriority: priority } = template;
      return {
        type: 'metered',
        metadata,
        usagePeriod: { interval: template.usagePeriod, anchor: usagePeriodAnchor },
        isSoftLimit: template.isSoftLimit,
        measureUsageFrom,
        issue: amount && { amount, priority },
        preserveOverageAtReset: template.preserveOverageAtReset ?? false,
      };
    }
  }
}
