import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import { type CustomerDraft, decideCreateCustomer } from '../core/decide-customer.js';
import type { CustomerStore } from '../core/ports.js';
import { CUSTOMER_STORE } from '../tokens.js';
import { customerFact, scopeOf } from './scope.js';

export class CreateCustomer {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly customers: CustomerStore,
  ) {}

  run(context: RequestContext, draft: CustomerDraft): Promise<Customer> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const id = newId();
      const wanted = { id, key: draft.key, usageAttribution: { subjectKeys: draft.subjectKeys ?? [] } };
      const claims = await this.customers.findClaims(tx, wanted);
      const facts = { id, namespace: tx.namespace, now: tx.at, claims };
      const customer = acceptedOrThrow(decideCreateCustomer(draft, facts));
      await this.customers.insert(tx, customer);
      await this.unitOfWork.append(tx, [customerFact('CustomerCreated', customer)]);
      return customer;
    });
  }
}
