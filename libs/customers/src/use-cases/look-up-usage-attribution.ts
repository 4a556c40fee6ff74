import type { Db } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import { attributedSubjects } from '../core/customer.js';
import type { CustomerStore } from '../core/ports.js';
import { CUSTOMER_STORE } from '../tokens.js';

/** Answers metering's question whose events are whose. */
export class LookUpUsageAttribution {
  constructor(@Inject(CUSTOMER_STORE) private readonly customers: CustomerStore) {}

  /** Live customers; a deleted one has no subjects any more. */
  async customersById(
    db: Db,
    ids: readonly string[],
  ): Promise<readonly { readonly id: string; readonly keys: readonly string[] }[]> {
    const found = await this.customers.findMany(db, ids);
    return found
      .filter(({ deletedAt }) => deletedAt === undefined)
      .map((customer) => ({ id: customer.id, keys: attributedSubjects(customer) }));
  }

  async customerIdsOfSubjects(db: Db, subjects: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const owners = await this.customers.findLiveBySubjects(db, subjects);
    return new Map(owners.map(({ subject, customerId }) => [subject, customerId]));
  }
}
