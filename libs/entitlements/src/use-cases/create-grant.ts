import type { RequestContext } from '@ledgerline/contract';
import { usagePeriodAt } from '@ledgerline/credits/core';
import { acceptedOrThrow, newId, refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { refuseManaged } from '../core/decide-entitlement.js';
import { decideEntitlementGrant, type GrantDraft } from '../core/decide-grant.js';
import {
  type Entitlement,
  type EntitlementGrant,
  type MeteredEntitlement,
  usagePeriodsOf,
} from '../core/entitlement.js';
import { grantFromJson, grantToJson } from '../core/entitlement-json.js';
import { grantsMax } from '../core/limits.js';
import type { GrantStore } from '../core/ports.js';
import { GRANT_STORE } from '../tokens.js';
import { FindOwned, type Owner } from './find-owned.js';
import { type Attempt, createdFacts, scopeOf } from './scope.js';

export interface GrantOrder {
  readonly owner: Owner;
  readonly idOrFeatureKey: string;
  readonly draft: GrantDraft;
}

export class CreateGrant {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  async run(context: RequestContext, order: GrantOrder, attempt: Attempt): Promise<EntitlementGrant> {
    // As JSON, because a repetition under the same Idempotency-Key gets the stored answer.
    const created = await this.unitOfWork.run(scopeOf(context, attempt), async (tx) =>
      grantToJson(await this.create(tx, order)),
    );
    return grantFromJson(created);
  }

  private async create(tx: Tx, { owner, idOrFeatureKey, draft }: GrantOrder): Promise<EntitlementGrant> {
    const entitlement = meteredOrThrow(await this.owned.lockEntitlement(tx, owner, idOrFeatureKey));
    if ((await this.grants.count(tx, entitlement.id)) >= grantsMax)
      throw new Refused(refusal.invalid(`an entitlement has at most ${grantsMax} grants`));
    const currentUsagePeriod = usagePeriodAt(usagePeriodsOf(entitlement), tx.at);
    const facts = { id: newId(), entitlementId: entitlement.id, now: tx.at, currentUsagePeriod };
    const grant = acceptedOrThrow(decideEntitlementGrant(draft, facts));
    await this.grants.insert(tx, [grant]);
    await this.unitOfWork.append(tx, createdFacts(undefined, [grant]));
    return grant;
  }
}

/** Users give and take grants of metered entitlements only, and not of a subscription's. */
export function meteredOrThrow(entitlement: Entitlement): MeteredEntitlement {
  const refused = refuseManaged(entitlement);
  if (refused !== undefined) throw new Refused(refused);
  if (entitlement.type === 'metered') return entitlement;
  throw new Refused(refusal.invalid(`entitlement ${entitlement.id} is not metered: it has no grants`));
}
