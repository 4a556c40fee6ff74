import { type Clock, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import { customerNotFound } from '../core/decide-customer.js';
import type {
  ActiveSubscriptions,
  CustomerListQuery,
  CustomerStore,
  CustomerSubscriptions,
} from '../core/ports.js';
import { CUSTOMER_STORE, CUSTOMER_SUBSCRIPTIONS } from '../tokens.js';

export interface ShownCustomer {
  readonly customer: Customer;
  readonly active?: ActiveSubscriptions | undefined;
}

/** Customers by id, key or as a list, with their subscriptions. */
export class ReadCustomers {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CUSTOMER_STORE) private readonly customers: CustomerStore,
    @Inject(CUSTOMER_SUBSCRIPTIONS) private readonly subscriptions: CustomerSubscriptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async get(namespace: string, idOrKey: string, withSubscriptions: boolean): Promise<ShownCustomer> {
    const db = this.unitOfWork.reader(namespace);
    const customer = await this.customers.find(db, idOrKey);
    if (customer === undefined) throw new Refused(customerNotFound(namespace, idOrKey));
    if (!withSubscriptions) return { customer };
    const active = await this.subscriptions.activeOf(db, [customer.id], this.clock.now());
    return { customer, active: active.get(customer.id) };
  }

  async list(
    namespace: string,
    query: Omit<CustomerListQuery, 'ids'> & { readonly planKey?: string | undefined },
  ): Promise<{ readonly items: readonly ShownCustomer[]; readonly totalCount: number }> {
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const { planKey } = query;
    const ids =
      planKey === undefined ? undefined : await this.subscriptions.customerIdsOnPlan(db, planKey, now);
    const { items, totalCount } = await this.customers.list(db, { ...query, ids });
    const active = await this.subscriptions.activeOf(
      db,
      items.map(({ id }) => id),
      now,
    );
    return {
      items: items.map((customer) => ({ customer, active: active.get(customer.id) })),
      totalCount,
    };
  }
}
