import {
  type Db,
  decimal,
  type Decimal,
  type Instant,
  instant,
  isAtOrBefore,
  periodContains,
  sum,
  type Tx,
  type UnitOfWork,
  type WorkScope,
} from '@ledgerline/kernel';
import type { Notice } from '@ledgerline/platform';
import {
  managerOf,
  migrate,
  once,
  openPostgres,
  PostgresUnitOfWork,
  readMigrations,
} from '@ledgerline/platform/postgres';
import { fixedClock, type FixedClock, isolated } from '@ledgerline/testkit';
import type { SubscriptionView } from '@ledgerline/subscriptions/core';
import type { DataSource } from 'typeorm';
import type { InvoicedCustomer, InvoicedCustomers, UsageQuestion } from '../src/core/ports.js';
import { workflowFromJson, type WorkflowInput } from '../src/core/workflow.js';
import { type Invoicing, postgresStores, wireInvoicing } from '../src/invoicing.wiring.js';
import { BillingNotices } from '../src/jobs/billing-notices.controller.js';
import { FindBillingWork } from '../src/use-cases/find-billing-work.js';
import { HearNotice } from '../src/use-cases/hear-notice.js';
import { billingJobs, RunBillingJobs } from '../src/use-cases/run-billing-jobs.js';
import { Faults } from './faults.js';
import { RecordingApp } from './recording-app.js';

export const caller = { namespace: 'default', actor: 'spec' };
export const customerId = '01HCST00000000000000000000';

interface UsageEvent {
  readonly at: Instant;
  readonly value: Decimal;
}

/**
 * Invoicing on a real Postgres, with the rooms below as small fakes and the worker as a loop that a spec steps: journal to
 * notices, notices to jobs, due work found again and again.
 */
export class BillingWorld {
  readonly app = new RecordingApp();
  readonly faults = new Faults();
  readonly subscriptions = new Map<string, SubscriptionView>();
  readonly usage: UsageEvent[] = [];
  readonly clock: FixedClock;
  readonly unitOfWork: UnitOfWork;
  readonly invoicing: Invoicing;
  private readonly jobs: RunBillingJobs;
  private readonly work: FindBillingWork;
  private readonly notices: BillingNotices;
  private readonly queue = new Map<string, { readonly name: string; readonly id: string }>();
  private told = 0;
  customer: InvoicedCustomer = {
    id: customerId,
    name: 'Acme Inc',
    usageAttribution: { subjectKeys: ['acme'] },
  };

  private constructor(
    readonly postgres: DataSource,
    private readonly release: () => Promise<void>,
    at: string,
  ) {
    this.clock = fixedClock(at);
    this.unitOfWork = this.faulty(new PostgresUnitOfWork(postgres, this.clock));
    const stores = postgresStores();
    this.invoicing = wireInvoicing(
      {
        unitOfWork: this.unitOfWork,
        clock: this.clock,
        customers: this.faults.around('customers', this.customers()),
        subscriptions: this.faults.around('subscriptions', {
          load: (_: Db, id: string) => Promise.resolve(this.subscriptions.get(id)),
        }),
        features: this.faults.around('features', {
          find: (_: Db, id: string) => Promise.resolve(featureOf(id)),
        }),
        meters: this.faults.around('meters', { get: () => Promise.resolve({ aggregation: 'SUM' as const }) }),
        usage: this.faults.around('usage', { run: (question: UsageQuestion) => this.answer(question) }),
        apps: {
          describe: () => this.app.describe(),
          find: async (db, id) => {
            const app = await this.app.find(db, id);
            return app === undefined ? undefined : this.faults.around('app', app);
          },
        },
      },
      {
        invoices: this.faults.around('invoices', stores.invoices),
        lines: this.faults.around('lines', stores.lines),
        profiles: stores.profiles,
        syncs: this.faults.around('syncs', stores.syncs),
      },
    );
    this.jobs = new RunBillingJobs(
      {
        add: (name, { id = '' }, { key }) => {
          this.queue.set(key, { name, id });
          return Promise.resolve();
        },
      },
      this.invoicing,
    );
    this.work = new FindBillingWork(this.unitOfWork, this.invoicing.stores, this.jobs);
    this.notices = new BillingNotices(
      new HearNotice(this.unitOfWork, this.invoicing.stores.syncs, this.jobs, once),
    );
  }

  static async open(at = '2024-01-01T00:00:00Z'): Promise<BillingWorld> {
    const corner = await isolated();
    const migrations = readMigrations().filter(({ room }) => room === 'platform' || room === 'invoicing');
    await migrate({ postgresUrl: corner.postgresUrl, migrations });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 8, service: 'invoicing-spec' });
    return new BillingWorld(
      postgres,
      async () => {
        await postgres.destroy();
        await corner.dispose();
      },
      at,
    );
  }

  close(): Promise<void> {
    return this.release();
  }

  /** Everything as at the beginning, in the same database. */
  async reset(at = '2024-01-01T00:00:00Z', workflow: WorkflowInput = {}): Promise<void> {
    await this.postgres.query(
      `TRUNCATE invoices, invoice_lines, invoice_split_groups, invoice_counters, subscription_sync_state, billing_profiles, inbox`,
    );
    const [head] = await this.postgres.query<{ told: number }[]>(`SELECT count(*)::int AS told FROM journal`);
    this.told = head?.told ?? 0;
    this.clock.set(at);
    this.subscriptions.clear();
    this.usage.length = 0;
    this.app.effects.clear();
    this.app.refusals.length = 0;
    this.app.payment = 'paid';
    this.faults.off();
    this.queue.clear();
    await this.invoicing.changeProfiles.create(
      caller,
      {
        name: 'standard',
        supplier: { name: 'We', addresses: [{ country: 'US' }] },
        workflow: workflowFromJson(workflow),
        isDefault: true,
      },
      [this.app.id, this.app.id, this.app.id],
    );
  }

  /** The subscriptions room says that a subscription is new or different. */
  async subscribe(view: SubscriptionView, type = 'SubscriptionCreated'): Promise<void> {
    this.subscriptions.set(view.id, view);
    await this.unitOfWork.run(caller, (tx) =>
      this.unitOfWork.append(tx, [{ stream: `subscription:${view.id}`, type, data: { id: view.id } }]),
    );
  }

  used(at: string, value: number): void {
    this.usage.push({ at: instant(at), value: decimal(value) });
  }

  /** The worker dies: what it had in mind and in Redis is gone. */
  crash(): void {
    this.queue.clear();
    this.faults.off();
  }

  /** Runs the worker until nothing is left to do at this instant. */
  async settle(): Promise<void> {
    for (let round = 0; round < 1_000; round += 1) {
      await this.tell();
      const [next] = this.queue;
      if (next === undefined) {
        if ((await this.findDue()) === 0) return;
        continue;
      }
      this.queue.delete(next[0]);
      await this.runJob(next[1]);
    }
    throw new Error('the worker does not come to rest');
  }

  /** Moves time from due instant to due instant, as the virtual clock does. */
  async moveTo(target: string): Promise<void> {
    await this.settle();
    for (let step = 0; step < 1_000; step += 1) {
      const dues = await Promise.all(
        this.work.works().map((work) => work.nextDueAt(this.unitOfWork.reader('default'))),
      );
      const due = dues.filter((one) => one !== undefined).sort((a, b) => (isAtOrBefore(a, b) ? -1 : 1))[0];
      if (due === undefined || !isAtOrBefore(due, instant(target))) {
        this.clock.set(target);
        return this.settle();
      }
      this.clock.set(due);
      await this.settle();
    }
    throw new Error('time does not get there');
  }

  async invoices() {
    const page = await this.invoicing.readInvoices.list('default', everything, allLines);
    return page.items;
  }

  private async runJob({ name, id }: { readonly name: string; readonly id: string }): Promise<void> {
    if (name === billingJobs.sync) await this.jobs.sync('default', id);
    else if (name === billingJobs.collect) await this.jobs.collect('default', id);
    else await this.jobs.advance('default', id);
  }

  private async findDue(): Promise<number> {
    for (const work of this.work.works()) {
      const due = await work.nextDueAt(this.unitOfWork.reader('default'));
      if (due !== undefined && isAtOrBefore(due, this.clock.now()))
        await work.runDue('default', this.clock.now());
    }
    return this.queue.size;
  }

  /** The journal's relay: at least once and in order, here exactly as far as it got. */
  private async tell(): Promise<void> {
    const rows = await this.postgres.query<Notice[]>(
      `SELECT namespace, stream, version, type, data FROM journal ORDER BY position OFFSET $1`,
      [this.told],
    );
    const handlers: Readonly<Record<string, ((notice: Notice) => Promise<void>) | undefined>> = {
      SubscriptionCreated: (notice) => this.notices.created(notice),
      SubscriptionUpdated: (notice) => this.notices.updated(notice),
      SubscriptionCanceled: (notice) => this.notices.canceled(notice),
      InvoiceCreated: (notice) => this.notices.invoiceCreated(notice),
    };
    for (const row of rows) {
      await handlers[row.type]?.({ ...row, id: `${row.namespace}/${row.stream}/${row.version}` });
      this.told += 1;
    }
  }

  private customers(): InvoicedCustomers {
    return {
      find: (_, id) => Promise.resolve(id === this.customer.id ? this.customer : undefined),
      findMany: (_, ids) => Promise.resolve(ids.includes(this.customer.id) ? [this.customer] : []),
      lock: (tx: Tx, id) =>
        managerOf(tx).query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [id]),
    };
  }

  private answer({ periods }: UsageQuestion) {
    return Promise.resolve(
      periods.map((period) => ({
        value: sum(this.usage.filter(({ at }) => periodContains(period, at)).map(({ value }) => value)),
        windows: [],
      })),
    );
  }

  private faulty(inner: UnitOfWork): UnitOfWork {
    return {
      reader: (namespace) => inner.reader(namespace),
      append: (tx, facts) => inner.append(tx, facts),
      run: async <T>(scope: WorkScope, work: (tx: Tx) => Promise<T>): Promise<T> => {
        const answer = await inner.run(scope, async (tx) => {
          const done = await work(tx);
          this.faults.point('before commit');
          return done;
        });
        this.faults.point('after commit');
        return answer;
      },
    };
  }
}

const featureOf = (id: string) => ({
  id,
  namespace: 'default',
  key: id.replace('feature-', ''),
  name: id,
  meterId: 'meter',
  createdAt: instant('2024-01-01T00:00:00Z'),
  updatedAt: instant('2024-01-01T00:00:00Z'),
});

export const everything = {
  includeDeleted: false,
  orderBy: 'createdAt',
  descending: false,
  limit: 100,
  offset: 0,
} as const;
export const allLines = { lines: true, deletedLines: false, apps: false } as const;
