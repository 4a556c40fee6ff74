import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import { type CustomerDraft, decideCreateCustomer } from '../core/decide-customer.js';
import type { CustomerStore, SubjectStore } from '../core/ports.js';
import { CUSTOMER_STORE, SUBJECT_STORE } from '../tokens.js';
import { provisionSubjects } from './provision-subjects.js';
import { customerFact, scopeOf } from './scope.js';

export class CreateCustomer {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly customers: CustomerStore,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
  ) {}

  run(context: RequestContext, draft: CustomerDraft): Promise<Customer> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const id = newId();
      const wanted = { id, key: draft.key, usageAttribution: { subjectKeys: draft.subjectKeys ?? [] } };
      const claims = await this.customers.findClaims(tx, wanted);
      const subjectIds = await this.subjects.findIds(tx, draft.subjectKeys ?? []);
      const facts = { id, namespace: tx.namespace, now: tx.at, claims, subjectIds };
      const customer = acceptedOrThrow(decideCreateCustomer(draft, facts));
      await this.customers.insert(tx, customer);
      const provisioned = await provisionSubjects(tx, this.subjects, customer);
      await this.unitOfWork.append(tx, [customerFact('CustomerCreated', customer), ...provisioned]);
      return customer;
    });
  }
}
