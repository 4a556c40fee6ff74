import { floorToMinute, instant, invariant } from '@ledgerline/kernel';
import type { EntitlementGrant } from './entitlement.js';
import { grantFromJson, type GrantJson } from './entitlement-json.js';

/** The facts that change grants, as the journal keeps them in an entitlement's stream. */
export type GrantFact =
  | { readonly type: 'GrantCreated'; readonly data: GrantJson }
  | {
      readonly type: 'GrantVoided';
      readonly data: { readonly grantId: string; readonly voidedAt: string; readonly at: string };
    }
  | {
      readonly type: 'EntitlementDeleted';
      readonly data: { readonly entitlementId: string; readonly deletedAt: string };
    };

export const isGrantFact = (fact: { readonly type: string }): fact is GrantFact =>
  fact.type === 'GrantCreated' || fact.type === 'GrantVoided' || fact.type === 'EntitlementDeleted';

/** The grants that a journal tells of, by id: what the table of grants must hold. */
export function foldGrants(facts: Iterable<GrantFact>): ReadonlyMap<string, EntitlementGrant> {
  const grants = new Map<string, EntitlementGrant>();
  for (const fact of facts) apply(grants, fact);
  return grants;
}

function apply(grants: Map<string, EntitlementGrant>, fact: GrantFact): void {
  switch (fact.type) {
    case 'GrantCreated':
      grants.set(fact.data.id, grantFromJson(fact.data));
      return;
    case 'GrantVoided': {
      const grant = grants.get(fact.data.grantId);
      invariant(grant !== undefined, 'a grant is created before it is voided');
      const voidedAt = floorToMinute(instant(fact.data.voidedAt));
      grants.set(grant.id, { ...grant, voidedAt, updatedAt: instant(fact.data.at) });
      return;
    }
    case 'EntitlementDeleted': {
      const at = instant(fact.data.deletedAt);
      for (const grant of grants.values()) {
        if (grant.entitlementId === fact.data.entitlementId)
          grants.set(grant.id, { ...grant, deletedAt: floorToMinute(at), updatedAt: at });
      }
      return;
    }
  }
}
