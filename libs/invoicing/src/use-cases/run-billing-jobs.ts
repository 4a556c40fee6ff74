import { type JobQueue, Refused } from '@ledgerline/kernel';
import type { AdvanceInvoice } from './advance-invoice.js';
import type { InvoicePendingLines } from './invoice-pending-lines.js';
import { worker } from './scope.js';
import type { SyncSubscription } from './sync-subscription.js';

/** Each job names one thing to look at. What is to be done there is read from Postgres, so a job may come twice or never. */
export const billingJobs = {
  sync: 'invoicing.sync-subscription',
  collect: 'invoicing.collect',
  advance: 'invoicing.advance',
} as const;

/** The use cases that jobs run. */
export interface BillingUseCases {
  readonly syncSubscription: Pick<SyncSubscription, 'run'>;
  readonly invoicePendingLines: Pick<InvoicePendingLines, 'run'>;
  readonly advanceInvoice: Pick<AdvanceInvoice, 'run'>;
}

/** The bodies of the worker's jobs, and how one leads to the next. */
export class RunBillingJobs {
  constructor(
    private readonly queue: JobQueue,
    private readonly billing: BillingUseCases,
  ) {}

  async sync(namespace: string, subscriptionId: string): Promise<void> {
    const caller = worker(namespace, `${billingJobs.sync}/${subscriptionId}`);
    const { customerId, changes } = await this.billing.syncSubscription.run(caller, subscriptionId);
    // Fees in advance are due at once.
    if (customerId !== undefined && changes > 0) await this.addCollect(namespace, customerId);
  }

  /** Bills what is due, never a part of a period that still runs. */
  async collect(namespace: string, customerId: string): Promise<void> {
    const caller = worker(namespace, `${billingJobs.collect}/${customerId}`);
    try {
      const request = { customerId, progressive: false };
      for (const id of await this.billing.invoicePendingLines.run(caller, request))
        await this.addAdvance(namespace, id);
    } catch (error) {
      // Somebody else has billed them, or none is due yet.
      if (!(error instanceof Refused) || !isNoLines(error)) throw error;
    }
  }

  async advance(namespace: string, invoiceId: string): Promise<void> {
    await this.billing.advanceInvoice.run(
      worker(namespace, `${billingJobs.advance}/${invoiceId}`),
      invoiceId,
    );
  }

  addSync(namespace: string, subscriptionId: string): Promise<void> {
    return this.add(billingJobs.sync, namespace, subscriptionId);
  }

  addCollect(namespace: string, customerId: string): Promise<void> {
    return this.add(billingJobs.collect, namespace, customerId);
  }

  addAdvance(namespace: string, invoiceId: string): Promise<void> {
    return this.add(billingJobs.advance, namespace, invoiceId);
  }

  private add(name: string, namespace: string, id: string): Promise<void> {
    return this.queue.add(name, { namespace, id }, { key: `${name}/${namespace}/${id}` });
  }
}

const isNoLines = (error: Refused): boolean =>
  error.refusal.issues?.some((issue) => issue.code === 'invoice_create_no_lines') === true;
