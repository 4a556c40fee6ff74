import type { RequestContext } from '@ledgerline/contract';
import { type Fact, type Tx, toRfc3339, type WorkScope } from '@ledgerline/kernel';
import { inputHashOf } from '@ledgerline/platform/postgres';
import type { Entitlement, EntitlementGrant } from '../core/entitlement.js';
import type { UsageReset } from '../core/ports.js';
import { entitlementToJson, grantToJson } from '../core/entitlement-json.js';

/** What an Idempotency-Key stands for: one input to one operation. */
export interface Attempt {
  readonly route: string;
  readonly key: string | undefined;
  readonly input: unknown;
}

export const scopeOf = ({ namespace, actor, requestId }: RequestContext, attempt?: Attempt): WorkScope => ({
  namespace,
  actor,
  cause: requestId,
  ...(attempt?.key !== undefined && {
    idempotency: { key: attempt.key, route: attempt.route, inputHash: inputHashOf(attempt.input) },
  }),
});

// Grants tell in the stream of their entitlement, so that what happened to both has one order.
const streamOf = (entitlementId: string): string => `entitlement:${entitlementId}`;

export const createdFacts = (
  entitlement: Entitlement | undefined,
  grants: readonly EntitlementGrant[],
): readonly Fact[] => [
  ...(entitlement === undefined
    ? []
    : [
        {
          stream: streamOf(entitlement.id),
          type: 'EntitlementCreated',
          data: entitlementToJson(entitlement),
        },
      ]),
  ...grants.map((grant) => ({
    stream: streamOf(grant.entitlementId),
    type: 'GrantCreated',
    data: grantToJson(grant),
  })),
];

export const grantVoided = (tx: Tx, grant: EntitlementGrant & { readonly voidedAt: Tx['at'] }): Fact => ({
  stream: streamOf(grant.entitlementId),
  type: 'GrantVoided',
  data: { grantId: grant.id, voidedAt: toRfc3339(grant.voidedAt), at: toRfc3339(tx.at) },
});

export const usageReset = (
  { id }: Entitlement,
  { id: resetId, from, anchor, preserveOverage }: UsageReset,
): Fact => ({
  stream: streamOf(id),
  type: 'EntitlementReset',
  data: {
    entitlementId: id,
    resetId,
    effectiveAt: toRfc3339(from),
    anchor: toRfc3339(anchor),
    preserveOverage: preserveOverage ?? null,
  },
});

export const entitlementEnded = ({ id, activeTo }: Entitlement): Fact => ({
  stream: streamOf(id),
  type: 'EntitlementEnded',
  data: { entitlementId: id, activeTo: activeTo === undefined ? null : toRfc3339(activeTo) },
});

export const entitlementDeleted = (tx: Tx, { id }: Entitlement): Fact => ({
  stream: streamOf(id),
  type: 'EntitlementDeleted',
  data: { entitlementId: id, deletedAt: toRfc3339(tx.at) },
});
