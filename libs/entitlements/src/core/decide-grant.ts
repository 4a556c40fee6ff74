import { decideGrant, type GrantFacts, type GrantRequest } from '@ledgerline/credits/core';
import { type Decision, type Refusal, refusal } from '@ledgerline/kernel';
import type { Annotations, EntitlementGrant, Metadata } from './entitlement.js';
import { refuseFarInstant, stepsAtStartMax, stepsBetween } from './limits.js';

export interface GrantDraft extends GrantRequest {
  readonly metadata?: Metadata | undefined;
  readonly annotations?: Annotations | undefined;
}

/** A grant of an entitlement, or why there is none. `root` is where the draft stands in the request. */
export function decideEntitlementGrant(
  draft: GrantDraft,
  facts: GrantFacts & { readonly entitlementId: string; readonly root?: string },
): Decision<EntitlementGrant> {
  const { root = '$' } = facts;
  const refused = refuseTimes(draft, facts, root);
  if (refused !== undefined) return { refused };
  const decided = decideGrant(draft, facts);
  if (decided.refused !== undefined) return { refused: below(decided.refused, root) };
  const { expiration, metadata, annotations } = draft;
  return {
    accepted: {
      ...decided.accepted,
      entitlementId: facts.entitlementId,
      expiration,
      metadata,
      annotations,
      updatedAt: facts.now,
    },
  };
}

function refuseTimes(
  { effectiveAt, recurrence }: GrantDraft,
  { now }: GrantFacts,
  root: string,
): Refusal | undefined {
  const far =
    refuseFarInstant(`${root}.effectiveAt`, effectiveAt) ??
    refuseFarInstant(`${root}.recurrence.anchor`, recurrence?.anchor);
  if (far !== undefined || recurrence === undefined) return far;
  // Shorter than an hour is for the credit engine to refuse.
  return stepsBetween(recurrence.interval, effectiveAt, now) <= stepsAtStartMax
    ? undefined
    : refusal.invalidField(
        `${root}.effectiveAt`,
        'grant_recurrences_many',
        `must not lie more than ${stepsAtStartMax} recurrences back`,
      );
}

const below = (refused: Refusal, root: string): Refusal =>
  root === '$'
    ? refused
    : {
        ...refused,
        detail: refused.detail.replace(/^\$/, () => root),
        issues: refused.issues?.map((issue) => ({
          ...issue,
          field: issue.field?.replace(/^\$/, () => root),
        })),
      };
