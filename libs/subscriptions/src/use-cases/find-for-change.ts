import type { Customers } from '@ledgerline/customers/core';
import { Refused, type Tx } from '@ledgerline/kernel';
import { subscriptionNotFound } from '../core/decide-end.js';
import type { SubscriptionStore } from '../core/ports.js';
import type { Subscription } from '../core/subscription.js';

/** The subscription as it stands once nobody else can change anything of its customer. */
export async function findForChange(
  tx: Tx,
  id: string,
  { subscriptions, customers }: { readonly subscriptions: SubscriptionStore; readonly customers: Customers },
): Promise<Subscription> {
  const seen = await subscriptions.find(tx, id);
  if (seen === undefined) throw new Refused(subscriptionNotFound(id));
  await customers.lock(tx, seen.customerId);
  // Read again: it may have changed while we waited.
  const found = (await subscriptions.find(tx, id)) ?? seen;
  if (found.deletedAt !== undefined) throw new Refused(subscriptionNotFound(id));
  return found;
}
