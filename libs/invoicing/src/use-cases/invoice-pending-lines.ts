import {
  acceptedOrThrow,
  compareInstants,
  type Instant,
  newId,
  refusal,
  Refused,
  type Tx,
  type UnitOfWork,
} from '@ledgerline/kernel';
import type { MeterAggregation } from '@ledgerline/rating/core';
import { sumTotals } from '@ledgerline/rating/core';
import { invoiceDates, invoicePeriod } from '../core/invoice-dates.js';
import { invoiceNumber } from '../core/invoice-number.js';
import type { GatheringInvoice, InvoicedParty, StandardInvoice } from '../core/invoice.js';
import { isLive, type Line } from '../core/line.js';
import { type BillableLine, billingRefusal, planInvoicing, splitLine } from '../core/plan-invoicing.js';
import type { InvoicedCustomer, InvoicedCustomers } from '../core/ports.js';
import type { BillingProfile } from '../core/workflow.js';
import { closeGathering } from './gathering.js';
import { createdFact } from './invoice-facts.js';
import type { InvoicingStores } from './invoicing-stores.js';
import type { MeasureLines } from './measure-lines.js';
import { requireProfile } from './require-profile.js';
import { type Caller, scopeOf } from './scope.js';

export interface InvoicingRequest {
  readonly customerId: string;
  /** Now, when absent. */
  readonly asOf?: Instant | undefined;
  readonly lineIds?: readonly string[] | undefined;
  /** The profile's setting, when absent. */
  readonly progressive?: boolean | undefined;
}

/** Makes standard invoices of what a customer owes: one per currency, in `draft.created`. */
export class InvoicePendingLines {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly measure: MeasureLines,
  ) {}

  /** Answers the ids of the new invoices. Refused when nothing can be billed. */
  async run(caller: Caller, request: InvoicingRequest): Promise<readonly string[]> {
    const aggregations = await this.setUp(caller.namespace, request.customerId);
    return this.unitOfWork.run(scopeOf(caller), (tx) => this.invoice(tx, request, aggregations));
  }

  /** Meters are looked up before the transaction; a line that appears in between is billed whole or not at all. */
  private async setUp(namespace: string, customerId: string): Promise<ReadonlyMap<string, MeterAggregation>> {
    const db = this.unitOfWork.reader(namespace);
    const gatherings = await this.stores.invoices.findGathering(db, customerId);
    const lines = await this.stores.lines.ofInvoices(
      db,
      gatherings.map(({ id }) => id),
    );
    return this.measure.aggregations(namespace, lines.filter(isLive));
  }

  private async invoice(
    tx: Tx,
    request: InvoicingRequest,
    aggregations: ReadonlyMap<string, MeterAggregation>,
  ): Promise<readonly string[]> {
    const asOf = request.asOf ?? tx.at;
    if (compareInstants(asOf, tx.at) > 0) {
      throw new Refused(refusal.invalidField('$.asOf', 'as_of_in_future', 'must not lie in the future'));
    }
    const customer = await this.customers.find(tx, request.customerId);
    if (customer === undefined)
      throw new Refused(refusal.notFound(`there is no customer ${request.customerId}`));
    await this.customers.lock(tx, customer.id);
    const gatherings = (await this.stores.invoices.findGathering(tx, customer.id)).filter(isLive);
    const lines = await this.stores.lines.ofInvoices(
      tx,
      gatherings.map(({ id }) => id),
    );
    if (gatherings.length === 0)
      throw new Refused(billingRefusal('invoice_create_no_lines', 'there are no pending lines'));
    const profile = await requireProfile(tx, this.stores.profiles);
    const progressive = request.progressive ?? profile.workflow.invoicing.progressiveBilling;
    const question = { asOf, progressive, lineIds: request.lineIds, aggregations };
    const billable = acceptedOrThrow(planInvoicing(lines.filter(isLive), question));

    const ids: string[] = [];
    for (const gathering of gatherings) {
      const ofThis = billable.filter(({ line }) => line.invoiceId === gathering.id);
      if (ofThis.length > 0) ids.push(await this.move(tx, { customer, profile, gathering }, ofThis));
    }
    return ids;
  }

  private async move(
    tx: Tx,
    { customer, profile, gathering }: Parties,
    billable: readonly BillableLine[],
  ): Promise<string> {
    const id = newId();
    const billed: Line[] = [];
    const rests: Line[] = [];
    for (const { line, part } of billable) {
      if (part.part === 'whole') {
        billed.push({ ...line, invoiceId: id, updatedAt: tx.at });
        continue;
      }
      const split = splitLine(line, part.splitAt, { newId, now: tx.at });
      if (split.group !== undefined) await this.stores.lines.insertGroup(tx, split.group);
      billed.push({ ...split.billed, invoiceId: id });
      rests.push(split.rest);
    }
    const count = await this.stores.invoices.nextNumber(tx, 'draft');
    const invoice = draftOf({ customer, profile, gathering }, { id, now: tx.at, count, billed });
    await this.stores.invoices.insert(tx, invoice);
    for (const line of billed) await this.stores.lines.update(tx, line);
    for (const line of rests) await this.stores.lines.insert(tx, line);
    const left = await this.stores.lines.ofInvoices(tx, [gathering.id]);
    await closeGathering(tx, this.stores.invoices, gathering, left);
    const subscriptionIds = new Set(billed.flatMap((line) => line.subscription?.subscriptionId ?? []));
    await this.unitOfWork.append(tx, [createdFact(invoice, [...subscriptionIds])]);
    return id;
  }
}

interface Parties {
  readonly customer: InvoicedCustomer;
  readonly profile: BillingProfile;
  readonly gathering: GatheringInvoice;
}

function draftOf(
  { customer, profile, gathering }: Parties,
  made: {
    readonly id: string;
    readonly now: Instant;
    readonly count: bigint;
    readonly billed: readonly Line[];
  },
): StandardInvoice {
  const { currency } = gathering;
  return {
    kind: 'standard',
    id: made.id,
    namespace: gathering.namespace,
    customerId: customer.id,
    currency,
    number: invoiceNumber('draft', made.count, { customerName: customer.name, currency }),
    version: 1,
    status: 'draft.created',
    entry: 0,
    actionsDone: 0,
    restTold: false,
    supplier: profile.supplier,
    customer: snapshotOf(customer),
    workflow: profile.workflow,
    billingProfileId: profile.id,
    appId: profile.appId,
    ...invoiceDates(made.billed, profile.workflow, { createdAt: made.now }),
    period: invoicePeriod(made.billed),
    totals: sumTotals([]),
    issues: [],
    createdAt: made.now,
    updatedAt: made.now,
  };
}

export const snapshotOf = (customer: InvoicedCustomer): InvoicedParty => ({
  id: customer.id,
  ...(customer.key === undefined ? {} : { key: customer.key }),
  name: customer.name,
  ...(customer.billingAddress === undefined ? {} : { addresses: [addressOf(customer.billingAddress)] }),
  usageAttribution: { subjectKeys: [...customer.usageAttribution.subjectKeys] },
});

type Address = NonNullable<InvoicedParty['addresses']>[number];

const addressOf = (address: NonNullable<InvoicedCustomer['billingAddress']>): Address =>
  Object.fromEntries(Object.entries<string | undefined>(address).filter(([, value]) => value !== undefined));
