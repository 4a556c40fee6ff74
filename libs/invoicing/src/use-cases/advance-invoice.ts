import { type Clock, invariant, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import type { InvoiceState } from '../core/calculate-invoice.js';
import { decideStep } from '../core/decide-step.js';
import { invoiceNumber } from '../core/invoice-number.js';
import type { StandardInvoice } from '../core/invoice.js';
import type { InvoicedCustomers } from '../core/ports.js';
import { movedFact } from './invoice-facts.js';
import type { InvoicingStores } from './invoicing-stores.js';
import { noSuchInvoice, type PerformStep, type StepOutcome } from './perform-step.js';
import { type Caller, scopeOf } from './scope.js';

// The longest way from a draft to a paid invoice has about thirty steps; more is a circle, or a fight over one invoice.
const stepsMax = 100;

/** Another process stored a step of the same invoice first; its transaction is undone, numbers included. */
class MovedOn extends Error {
  override readonly name = 'MovedOn';
}

/**
 * Takes an invoice as far as it goes by itself, one step at a time: load, do the outside part, store it in one
 * transaction that holds the version it read. Killed anywhere, the step is either stored or done again under its key.
 */
export class AdvanceInvoice {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly perform: PerformStep,
  ) {}

  /** Answers the invoice at rest. */
  async run(caller: Caller, invoiceId: string): Promise<StandardInvoice> {
    for (let steps = 0; ; steps += 1) {
      invariant(steps < stepsMax, `the invoice ${invoiceId} did not come to rest in ${stepsMax} steps`);
      const before = await this.setUp(caller.namespace, invoiceId);
      const step = decideStep(before.invoice, this.clock.now());
      if (step.kind === 'rest') return before.invoice;
      const outcome = await this.perform.run(before, step, this.clock.now().round('millisecond'));
      await this.commit(caller, before, outcome);
    }
  }

  private async setUp(namespace: string, invoiceId: string): Promise<InvoiceState> {
    const db = this.unitOfWork.reader(namespace);
    const invoice = await this.stores.invoices.find(db, invoiceId);
    if (invoice?.kind !== 'standard') throw noSuchInvoice(invoiceId);
    const lines = await this.stores.lines.ofInvoices(db, [invoiceId]);
    const groupIds = [...new Set(lines.flatMap((line) => line.splitGroupId ?? []))];
    const groups = await this.stores.lines.findGroups(db, groupIds);
    const billedOfGroups = await this.stores.lines.billedOfGroups(db, groupIds);
    return { invoice, lines, groups: new Map(groups.map((group) => [group.id, group])), billedOfGroups };
  }

  private async commit(caller: Caller, before: InvoiceState, outcome: StepOutcome): Promise<void> {
    try {
      await this.unitOfWork.run(scopeOf(caller), (tx) => this.store(tx, before, outcome));
    } catch (error) {
      // The next round reads what the other one stored and goes on from there.
      if (!(error instanceof MovedOn)) throw error;
    }
  }

  private async store(tx: Tx, before: InvoiceState, { state, number }: StepOutcome): Promise<void> {
    await this.customers.lock(tx, state.invoice.customerId);
    const invoice = await this.numbered(tx, state.invoice, number);
    if (!(await this.stores.invoices.update(tx, invoice))) throw new MovedOn();
    const old = new Map(before.lines.map((line) => [line.id, line]));
    for (const line of state.lines) {
      if (line !== old.get(line.id)) await this.stores.lines.update(tx, { ...line, updatedAt: tx.at });
    }
    const from = before.invoice.status;
    await this.unitOfWork.append(tx, from === invoice.status ? [] : [movedFact(from, invoice)]);
  }

  private async numbered(
    tx: Tx,
    invoice: StandardInvoice,
    number: StepOutcome['number'],
  ): Promise<StandardInvoice> {
    if (number === undefined) return invoice;
    if ('text' in number) return { ...invoice, number: number.text };
    const count = await this.stores.invoices.nextNumber(tx, number.counter);
    const customerName = invoice.customer.name ?? '';
    return {
      ...invoice,
      number: invoiceNumber(number.counter, count, { customerName, currency: invoice.currency }),
    };
  }
}
