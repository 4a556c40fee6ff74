import type { RequestContext } from '@ledgerline/contract';
import type { Fact, WorkScope } from '@ledgerline/kernel';
import type { Customer } from '../core/customer.js';
import type { Subject } from '../core/subject.js';

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

export const subjectFact = (
  type: 'SubjectCreated' | 'SubjectUpdated' | 'SubjectDeleted',
  subject: Subject,
): Fact => ({ stream: `subject:${subject.id}`, type, data: { id: subject.id, key: subject.key } });
