import { refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { enterStatus, guardFacts } from '../core/decide-step.js';
import type { StandardInvoice } from '../core/invoice.js';
import { billingRefusal } from '../core/plan-invoicing.js';
import type { InvoicedCustomers } from '../core/ports.js';
import { type InvoiceTrigger, nextStatus } from '../core/state-machine.js';
import { asWarnings } from '../core/validation-issue.js';
import type { AdvanceInvoice } from './advance-invoice.js';
import { movedFact } from './invoice-facts.js';
import type { InvoicingStores } from './invoicing-stores.js';
import { noSuchInvoice } from './perform-step.js';
import { type Caller, scopeOf } from './scope.js';

export type InvoiceAction = Extract<
  InvoiceTrigger,
  'approve' | 'retry' | 'snapshot_quantities' | 'delete' | 'void'
>;

/** What a person does with an invoice: fires one trigger, then lets the invoice go on as far as it goes. */
export class ActOnInvoice {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly advanceInvoice: AdvanceInvoice,
  ) {}

  async run(caller: Caller, invoiceId: string, trigger: InvoiceAction): Promise<StandardInvoice> {
    await this.unitOfWork.run(scopeOf(caller), async (tx) => {
      const invoice = await this.load(tx, invoiceId, trigger);
      const to = nextStatus(invoice.status, trigger, guardFacts(invoice, tx.at));
      if (to === undefined) throw new Refused(notAvailable(trigger, invoice));
      // A retry gives everything that stood in the way another chance; what still does is found again.
      const issues = trigger === 'retry' ? asWarnings(invoice.issues) : invoice.issues;
      const moved = enterStatus({ ...invoice, issues }, to, tx.at);
      if (!(await this.stores.invoices.update(tx, moved))) throw new Refused(busy(invoiceId));
      await this.unitOfWork.append(tx, [movedFact(invoice.status, moved)]);
    });
    const rested = await this.advanceInvoice.run(caller, invoiceId);
    if (trigger === 'delete' && rested.status === 'delete.failed') throw new Refused(deleteFailed(rested));
    return rested;
  }

  /** Fires `next`, which must be possible. */
  async advance(caller: Caller, invoiceId: string): Promise<StandardInvoice> {
    await this.unitOfWork.run(scopeOf(caller), async (tx) => {
      const invoice = await this.load(tx, invoiceId, 'next');
      if (nextStatus(invoice.status, 'next', guardFacts(invoice, tx.at)) !== undefined) return;
      const message = `an invoice that is ${invoice.status} cannot be advanced now`;
      throw new Refused(billingRefusal('invoice_cannot_advance', message));
    });
    return this.advanceInvoice.run(caller, invoiceId);
  }

  private async load(tx: Tx, invoiceId: string, trigger: InvoiceTrigger): Promise<StandardInvoice> {
    const first = await this.stores.invoices.find(tx, invoiceId);
    if (first?.kind === 'gathering' && trigger === 'delete') {
      const message = 'a gathering invoice cannot be deleted; delete its lines instead';
      throw new Refused(billingRefusal('invoice_cannot_delete_gathering', message));
    }
    if (first?.kind !== 'standard') throw noSuchInvoice(invoiceId);
    await this.customers.lock(tx, first.customerId);
    const invoice = await this.stores.invoices.find(tx, invoiceId);
    if (invoice?.kind !== 'standard') throw noSuchInvoice(invoiceId);
    return invoice;
  }
}

const notAvailable = (trigger: InvoiceTrigger, { status }: StandardInvoice) =>
  billingRefusal(
    'invoice_action_not_available',
    `the action ${trigger} is not available in status ${status}`,
  );

const busy = (id: string) =>
  refusal.conflict(`the invoice ${id} is being changed by another request`, { retryAfterSeconds: 1 });

function deleteFailed({ issues }: StandardInvoice) {
  const critical = issues.filter(
    ({ severity, component }) => severity === 'critical' && component.endsWith('.delete'),
  );
  const message = critical.map((issue) => issue.message).join('; ');
  return billingRefusal('invoice_delete_failed', `the invoice could not be deleted: ${message}`);
}
