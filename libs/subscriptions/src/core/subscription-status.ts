import { type Instant, isBefore, refusal, type Refusal } from '@ledgerline/kernel';
import type { Cadence } from './materialise.js';

export type SubscriptionStatus = 'active' | 'canceled' | 'scheduled' | 'inactive';

export function subscriptionStatusAt(
  { activeFrom, activeTo, deletedAt }: Cadence & { readonly deletedAt?: Instant | undefined },
  at: Instant,
): SubscriptionStatus {
  if (deletedAt !== undefined) return 'inactive';
  if (isBefore(at, activeFrom)) return 'scheduled';
  if (activeTo === undefined) return 'active';
  return isBefore(at, activeTo) ? 'canceled' : 'inactive';
}

export type SubscriptionAction = 'cancel' | 'continue' | 'delete';

const allowedIn: Readonly<Record<SubscriptionAction, SubscriptionStatus>> = {
  cancel: 'active',
  continue: 'canceled',
  delete: 'scheduled',
};

export const refuseAction = (action: SubscriptionAction, status: SubscriptionStatus): Refusal | undefined =>
  allowedIn[action] === status
    ? undefined
    : refusal.forbidden(`transition not allowed: cannot ${action} a subscription that is ${status}`);
