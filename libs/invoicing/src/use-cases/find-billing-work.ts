import type { Db, Instant, UnitOfWork } from '@ledgerline/kernel';
import type { InvoicingStores } from './invoicing-stores.js';
import { billingJobs, type RunBillingJobs } from './run-billing-jobs.js';

// One sweep adds at most so many jobs; the rest is still due at the next, a second later.
const batchMax = 1_000;

interface Kind {
  readonly name: string;
  readonly nextDueAt: (db: Db) => Promise<Instant | undefined>;
  readonly list: (db: Db, now: Instant, limit: number) => Promise<readonly string[]>;
  readonly add: (namespace: string, id: string) => Promise<void>;
}

/** Finds again whatever is due and not done: Redis may forget, a worker may be killed, Postgres knows. */
export class FindBillingWork {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly jobs: RunBillingJobs,
  ) {}

  /** One piece of due work for each kind of job. */
  works() {
    const { invoices, lines, syncs } = this.stores;
    const kinds: readonly Kind[] = [
      {
        name: billingJobs.sync,
        nextDueAt: (db) => syncs.nextDueAt(db),
        list: (db, now, limit) => syncs.listDue(db, now, limit),
        add: (namespace, id) => this.jobs.addSync(namespace, id),
      },
      {
        name: billingJobs.collect,
        nextDueAt: (db) => lines.nextBillableAt(db),
        list: (db, now, limit) => lines.listBillableCustomers(db, now, limit),
        add: (namespace, id) => this.jobs.addCollect(namespace, id),
      },
      {
        name: billingJobs.advance,
        nextDueAt: (db) => invoices.nextAdvanceAt(db),
        list: (db, now, limit) => invoices.listDue(db, now, limit),
        add: (namespace, id) => this.jobs.addAdvance(namespace, id),
      },
    ];
    return kinds.map(({ name, nextDueAt, list, add }) => ({
      name,
      nextDueAt,
      runDue: async (namespace: string, now: Instant): Promise<void> => {
        for (const id of await list(this.unitOfWork.reader(namespace), now, batchMax))
          await add(namespace, id);
      },
    }));
  }
}
