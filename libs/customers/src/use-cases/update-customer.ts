import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import { type CustomerDraft, customerNotFound, decideUpdateCustomer } from '../core/decide-customer.js';
import type { CustomerStore, CustomerSubscriptions, SubjectStore } from '../core/ports.js';
import { CUSTOMER_STORE, CUSTOMER_SUBSCRIPTIONS, SUBJECT_STORE } from '../tokens.js';
import { provisionSubjects } from './provision-subjects.js';
import { customerFact, scopeOf } from './scope.js';

export class UpdateCustomer {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly customers: CustomerStore,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
    @Inject(CUSTOMER_SUBSCRIPTIONS) private readonly subscriptions: CustomerSubscriptions,
  ) {}

  run(context: RequestContext, idOrKey: string, draft: CustomerDraft): Promise<Customer> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const customer = await this.customers.findForChange(tx, idOrKey);
      if (customer === undefined) throw new Refused(customerNotFound(tx.namespace, idOrKey));
      const wanted = {
        id: customer.id,
        key: draft.key,
        usageAttribution: { subjectKeys: draft.subjectKeys ?? [] },
      };
      const claims = await this.customers.findClaims(tx, wanted);
      const subjectIds = await this.subjects.findIds(tx, draft.subjectKeys ?? []);
      const active = await this.subscriptions.activeOf(tx, [customer.id], tx.at);
      const hasActiveSubscription = active.get(customer.id)?.currentSubscriptionId !== undefined;
      const facts = { namespace: tx.namespace, now: tx.at, claims, subjectIds, hasActiveSubscription };
      const changed = acceptedOrThrow(decideUpdateCustomer(customer, draft, facts));
      await this.customers.update(tx, changed);
      const provisioned = await provisionSubjects(tx, this.subjects, changed);
      await this.unitOfWork.append(tx, [customerFact('CustomerUpdated', changed), ...provisioned]);
      return changed;
    });
  }
}
