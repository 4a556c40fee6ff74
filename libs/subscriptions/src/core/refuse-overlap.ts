import { refusal, type Refusal, type RefusalIssue, toRfc3339 } from '@ledgerline/kernel';
import { type Cadence, overlaps } from './materialise.js';

type Placed = Cadence & { readonly id: string };

/** A customer has one subscription at a time. Both sides of a clash are named. */
export function refuseOverlap(wanted: Placed, others: readonly Placed[]): Refusal | undefined {
  const clashing = others.filter((other) => other.id !== wanted.id && overlaps(wanted, other));
  if (clashing.length === 0) return undefined;
  const issues = clashing.flatMap((other) => [issueOf(wanted, other), issueOf(other, wanted)]);
  return refusal.conflict('a customer can have only one subscription at a time', { issues });
}

const issueOf = (side: Placed, other: Placed): RefusalIssue => ({
  code: 'only_single_subscription_allowed_per_customer_at_a_time',
  message: `the subscription ${side.id} overlaps the subscription ${other.id}`,
  field: '$.timing',
  severity: 'critical',
  attributes: {
    subscriptionId: side.id,
    activeFrom: toRfc3339(side.activeFrom),
    ...(side.activeTo === undefined ? {} : { activeTo: toRfc3339(side.activeTo) }),
  },
});
