import type { RequestContext } from '@ledgerline/contract';
import type { Fact, WorkScope } from '@ledgerline/kernel';
import type { Customer } from '../core/customer.js';

export const scopeOf = ({ namespace, actor, requestId }: RequestContext): WorkScope => ({
  namespace,
  actor,
  cause: requestId,
});

/** Ids and keys only: whoever hears of it looks the rest up. */
export const customerFact = (
  type: 'CustomerCreated' | 'CustomerUpdated' | 'CustomerDeleted',
  customer: Customer,
): Fact => ({
  stream: `customer:${customer.id}`,
  type,
  data: {
    id: customer.id,
    key: customer.key ?? null,
    subjectKeys: customer.usageAttribution.subjectKeys,
    currency: customer.currency ?? null,
  },
});
