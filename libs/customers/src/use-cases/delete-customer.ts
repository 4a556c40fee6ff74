import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type Refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import { customerNotFound, decideDeleteCustomer } from '../core/decide-customer.js';
import type { CustomerStore, DeletionGuard } from '../core/ports.js';
import { CUSTOMER_DELETION_GUARDS, CUSTOMER_STORE } from '../tokens.js';
import { customerFact, scopeOf } from './scope.js';

export class DeleteCustomer {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly customers: CustomerStore,
    @Inject(CUSTOMER_DELETION_GUARDS) private readonly guards: readonly DeletionGuard[],
  ) {}

  run(context: RequestContext, idOrKey: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      // Locked first: whoever gives a customer something holds the same lock.
      const customer = await this.customers.findForChange(tx, idOrKey);
      if (customer === undefined) throw new Refused(customerNotFound(tx.namespace, idOrKey));
      const objections = customer.deletedAt === undefined ? await this.ask(tx, customer) : [];
      const deleted = acceptedOrThrow(decideDeleteCustomer(customer, { now: tx.at, objections }));
      await this.customers.update(tx, deleted);
      await this.unitOfWork.append(tx, [customerFact('CustomerDeleted', deleted)]);
    });
  }

  private async ask(tx: Tx, customer: Customer): Promise<readonly Refusal[]> {
    const objections: Refusal[] = [];
    // One after the other: they share the connection of the transaction.
    for (const guard of this.guards) {
      const objection = await guard.check(tx, customer, tx.at);
      if (objection !== undefined) objections.push(objection);
    }
    return objections;
  }
}
