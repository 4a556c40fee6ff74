import { type Db, invariant, isUlid, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import type { Customers, CustomerStore, SubjectStore } from '../core/ports.js';
import { CUSTOMER_STORE, SUBJECT_STORE } from '../tokens.js';
import { customerFact } from './scope.js';

/** What other rooms may know of customers and do with them. */
export class KnowCustomers implements Customers {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly store: CustomerStore,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
  ) {}

  find(db: Db, idOrKey: string): Promise<Customer | undefined> {
    return this.store.find(db, idOrKey);
  }

  findMany(db: Db, ids: readonly string[]): Promise<readonly Customer[]> {
    return this.store.findMany(db, ids);
  }

  async findBySubject(db: Db, idOrKey: string): Promise<Customer | undefined> {
    const customer = await this.store.findBySubject(db, idOrKey);
    if (customer !== undefined || !isUlid(idOrKey)) return customer;
    const subject = await this.subjects.find(db, idOrKey);
    return subject && this.store.findBySubject(db, subject.key);
  }

  lock(tx: Tx, customerId: string): Promise<Customer | undefined> {
    return this.store.lock(tx, customerId);
  }

  async setCurrency(tx: Tx, customerId: string, currency: string): Promise<void> {
    const customer = await this.store.lock(tx, customerId);
    invariant(customer !== undefined, `customer ${customerId} is given a currency but does not exist`);
    if (customer.currency === currency) return;
    const changed = { ...customer, currency, updatedAt: tx.at };
    await this.store.update(tx, changed);
    await this.unitOfWork.append(tx, [customerFact('CustomerUpdated', changed)]);
  }
}
