import { FEATURES } from '@ledgerline/catalog';
import { type Feature, featureNotFound, type FeatureStore } from '@ledgerline/catalog/core';
import type { RequestContext } from '@ledgerline/contract';
import type { Customer } from '@ledgerline/customers/core';
import { acceptedOrThrow, newId, refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import {
  decideCreateEntitlement,
  decideOverride,
  type EntitlementDraft,
} from '../core/decide-entitlement.js';
import type { Entitlement } from '../core/entitlement.js';
import { entitlementFromJson, entitlementToJson } from '../core/entitlement-json.js';
import type { EntitlementStore, GrantStore } from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import { FindOwned, type Owner } from './find-owned.js';
import { type Attempt, createdFacts, entitlementEnded, scopeOf } from './scope.js';

export interface EntitlementRequest {
  readonly owner: Owner;
  /** An id wins over a key. */
  readonly featureId?: string | undefined;
  readonly featureKey?: string | undefined;
  readonly draft: EntitlementDraft;
}

export interface OwnedEntitlement {
  readonly entitlement: Entitlement;
  readonly customer: Customer;
}

/** What the new one takes the place of. */
export interface Overridden {
  readonly idOrFeatureKey: string;
}

export class CreateEntitlement {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  async run(
    context: RequestContext,
    request: EntitlementRequest,
    attempt: Attempt,
    overridden?: Overridden,
  ): Promise<OwnedEntitlement> {
    const customer = await this.owned.customer(this.unitOfWork.reader(context.namespace), request.owner);
    // As JSON, because a repetition under the same Idempotency-Key gets the stored answer.
    const created = await this.unitOfWork.run(scopeOf(context, attempt), async (tx) =>
      entitlementToJson(await this.create(tx, request, overridden)),
    );
    return { customer, entitlement: entitlementFromJson(created, context.namespace) };
  }

  private async create(
    tx: Tx,
    request: EntitlementRequest,
    overridden: Overridden | undefined,
  ): Promise<Entitlement> {
    const customer = await this.owned.lockCustomer(tx, request.owner);
    const feature = await this.holdFeature(tx, request);
    if (overridden !== undefined) await this.end(tx, request.owner, overridden, feature.key);
    const life = { activeFrom: tx.at };
    const conflicting = await this.entitlements.findOverlapping(tx, {
      id: '',
      customerId: customer.id,
      featureKey: feature.key,
      ...life,
    });
    const { entitlement, grants } = acceptedOrThrow(
      decideCreateEntitlement(request.draft, {
        namespace: tx.namespace,
        now: tx.at,
        customerId: customer.id,
        feature,
        newId,
        life,
        conflicting,
      }),
    );
    await this.entitlements.insert(tx, entitlement);
    await this.grants.insert(tx, grants);
    await this.unitOfWork.append(tx, createdFacts(entitlement, grants));
    return entitlement;
  }

  private async end(tx: Tx, owner: Owner, { idOrFeatureKey }: Overridden, featureKey: string): Promise<void> {
    const old = await this.owned.lockEntitlement(tx, owner, idOrFeatureKey);
    const ended = acceptedOrThrow(decideOverride(old, { now: tx.at, featureKey }));
    await this.entitlements.update(tx, ended);
    await this.unitOfWork.append(tx, [entitlementEnded(ended)]);
  }

  /** The feature, kept from being archived until the transaction ends. */
  private async holdFeature(tx: Tx, { featureId, featureKey }: EntitlementRequest): Promise<Feature> {
    const named = featureId ?? featureKey;
    if (named === undefined) {
      const message = 'featureId or featureKey is required';
      throw new Refused(refusal.invalidField('$.featureKey', 'feature_missing', message));
    }
    const found =
      featureId === undefined
        ? await this.features.findActiveByKey(tx, named)
        : await this.features.find(tx, featureId);
    if (found === undefined) throw new Refused(featureNotFound(named));
    await this.features.hold(tx, [found.id]);
    // Read after the lock: somebody may have archived it while we waited.
    const [feature] = await this.features.findMany(tx, [found.id]);
    if (feature === undefined || feature.archivedAt !== undefined || !isNamed(feature, featureId))
      throw new Refused(featureNotFound(named));
    return feature;
  }
}

/** `find` also takes a key, but an id was given. */
const isNamed = (feature: Feature, id: string | undefined): boolean => id === undefined || feature.id === id;
