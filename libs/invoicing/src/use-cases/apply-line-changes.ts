import { newId, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { enterStatus, guardFacts } from '../core/decide-step.js';
import { invoiceDates, invoicePeriod } from '../core/invoice-dates.js';
import type { StandardInvoice } from '../core/invoice.js';
import { isLive, type Line } from '../core/line.js';
import type { LineChange } from '../core/plan-line-sync.js';
import type { InvoicedCustomer } from '../core/ports.js';
import { nextStatus } from '../core/state-machine.js';
import { addIssues, components, type FoundIssue } from '../core/validation-issue.js';
import type { WantedLine } from '../core/wanted-line.js';
import { closeGathering, openGathering } from './gathering.js';
import { movedFact } from './invoice-facts.js';
import type { InvoicingStores } from './invoicing-stores.js';

export interface ChangesOfCustomer {
  readonly customer: InvoicedCustomer;
  readonly currency: string;
  readonly changes: readonly LineChange[];
}

/** Writes a plan of line changes, and what follows for the invoices that carry the lines. */
export class ApplyLineChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
  ) {}

  /** Answers how many things changed. */
  async run(tx: Tx, { customer, currency, changes }: ChangesOfCustomer): Promise<number> {
    const touched = new Set<string>();
    const warnings = new Map<string, FoundIssue[]>();
    for (const change of changes) {
      switch (change.kind) {
        case 'create':
          break; // together, below: they need the gathering invoice
        case 'update':
        case 'delete':
          await this.stores.lines.update(tx, changedLine(change, tx));
          touched.add(change.line.invoiceId);
          break;
        case 'update group':
          await this.stores.lines.updateGroup(tx, {
            ...change.group,
            period: change.period,
            deletedAt: undefined,
            updatedAt: tx.at,
          });
          break;
        case 'delete group':
          await this.stores.lines.updateGroup(tx, { ...change.group, deletedAt: tx.at, updatedAt: tx.at });
          break;
        case 'warn':
        case 'warn if usage differs':
          warnings.set(change.line.invoiceId, [
            ...(warnings.get(change.line.invoiceId) ?? []),
            immutableWarning(change.line),
          ]);
      }
    }
    const wanted = changes.flatMap((change) => (change.kind === 'create' ? [change.wanted] : []));
    const filled = await this.create(tx, { customer, currency, wanted });
    if (filled !== undefined) touched.add(filled);
    for (const invoiceId of touched) await this.settle(tx, invoiceId);
    let warned = 0;
    for (const [invoiceId, found] of warnings) warned += await this.warn(tx, invoiceId, found);
    return changes.filter(({ kind }) => !kind.startsWith('warn')).length + warned;
  }

  private async create(
    tx: Tx,
    { customer, currency, wanted }: Omit<ChangesOfCustomer, 'changes'> & { wanted: readonly WantedLine[] },
  ): Promise<string | undefined> {
    if (wanted.length === 0) return undefined;
    const { gathering } = await openGathering(tx, this.stores.invoices, customer, currency);
    for (const one of wanted) {
      const line: Line = {
        ...one.terms,
        id: newId(),
        namespace: tx.namespace,
        invoiceId: gathering.id,
        currency,
        managedBy: 'subscription',
        period: one.period,
        invoiceAt: one.invoiceAt,
        subscription: one.subscription,
        uniqueId: one.uniqueId,
        createdAt: tx.at,
        updatedAt: tx.at,
      };
      await this.stores.lines.insert(tx, line);
    }
    return gathering.id;
  }

  /** An invoice whose lines changed: a gathering one opens or closes, a standard one is calculated again or deleted. */
  private async settle(tx: Tx, invoiceId: string): Promise<void> {
    const invoice = await this.stores.invoices.find(tx, invoiceId);
    if (invoice === undefined) return;
    const lines = await this.stores.lines.ofInvoices(tx, [invoiceId]);
    if (invoice.kind === 'gathering') return closeGathering(tx, this.stores.invoices, invoice, lines);
    const trigger = lines.some(isLive) ? 'updated' : 'delete';
    const to = nextStatus(invoice.status, trigger, guardFacts(invoice, tx.at));
    // Between two states: the next try finds it at rest again.
    if (to === undefined)
      throw new Error(`the invoice ${invoiceId} is ${invoice.status} and cannot be ${trigger} now`);
    const dates = trigger === 'updated' ? invoiceDates(lines, invoice.workflow, invoice) : {};
    const period = invoicePeriod(lines) ?? invoice.period;
    await this.save(tx, enterStatus({ ...invoice, ...dates, period }, to, tx.at));
    await this.unitOfWork.append(tx, [movedFact(invoice.status, { ...invoice, status: to })]);
  }

  private async warn(tx: Tx, invoiceId: string, found: readonly FoundIssue[]): Promise<number> {
    const invoice = await this.stores.invoices.find(tx, invoiceId);
    if (invoice?.kind !== 'standard') return 0;
    const issues = addIssues(invoice.issues, components.sync, found, { newId, now: tx.at });
    if (issues.length === invoice.issues.length) return 0;
    await this.save(tx, { ...invoice, issues, updatedAt: tx.at });
    return issues.length - invoice.issues.length;
  }

  private async save(tx: Tx, invoice: StandardInvoice): Promise<void> {
    if (await this.stores.invoices.update(tx, invoice)) return;
    throw new Error(`the invoice ${invoice.id} moved on under the customer's lock`);
  }
}

function changedLine(change: Extract<LineChange, { kind: 'update' | 'delete' }>, tx: Tx): Line {
  if (change.kind === 'delete') return { ...change.line, deletedAt: tx.at, updatedAt: tx.at };
  const { period, invoiceAt, price, subscription, undelete } = change.set;
  return {
    ...change.line,
    period,
    invoiceAt,
    price,
    subscription,
    deletedAt: undelete ? undefined : change.line.deletedAt,
    // What was read and calculated for the old period says nothing about the new one.
    metered: undefined,
    updatedAt: tx.at,
  };
}

const immutableWarning = (line: Line): FoundIssue => ({
  severity: 'warning',
  code: 'immutable_invoice_handling_not_supported',
  message: 'the subscription changed after this line was issued; the invoice keeps it as it is',
  field: `lines/${line.id}`,
});
