import type { components } from '@ledgerline/contract';
import { type Clock, type Db, type Instant, type Period, type UnitOfWork } from '@ledgerline/kernel';
import { sumTotals, type Totals } from '@ledgerline/rating/core';
import { billablePart } from '../core/billable-part.js';
import { calculateInvoice, takeMeasured } from '../core/calculate-invoice.js';
import { guardFacts } from '../core/decide-step.js';
import { invoiceDates, invoicePeriod } from '../core/invoice-dates.js';
import type { GatheringInvoice, Invoice, InvoiceSnapshot, StandardInvoice } from '../core/invoice.js';
import { isLive, type Line } from '../core/line.js';
import type { InvoiceListQuery, InvoicedCustomers, InvoicingApps } from '../core/ports.js';
import {
  type AvailableActions,
  availableActions,
  isFailedStatus,
  isMutableStatus,
} from '../core/state-machine.js';
import type { ValidationIssue } from '../core/validation-issue.js';
import { earliest, newId } from '@ledgerline/kernel';
import { snapshotOf } from './invoice-pending-lines.js';
import type { InvoicingStores } from './invoicing-stores.js';
import type { MeasureLines } from './measure-lines.js';
import { noSuchInvoice } from './perform-step.js';
import { requireProfile } from './require-profile.js';

/** An invoice as a reader sees it: a standard one as stored, a gathering one as if it were invoiced now. */
export interface InvoiceReading extends InvoiceSnapshot {
  readonly invoice: Invoice;
  readonly status: string;
  readonly immutable: boolean;
  readonly failed: boolean;
  readonly actions: AvailableActions & { readonly invoice?: Readonly<Record<string, never>> };
  readonly totals: Totals;
  readonly period?: Period | undefined;
  readonly collectionAt?: Instant | undefined;
  readonly issues: readonly ValidationIssue[];
  /** Only the parts that were asked for. */
  readonly lines?: readonly Line[];
  readonly app?: components['schemas']['App'] | undefined;
}

export interface ReadOptions {
  readonly lines: boolean;
  readonly deletedLines: boolean;
  readonly apps: boolean;
}

export class ReadInvoices {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly measure: MeasureLines,
    private readonly apps: InvoicingApps,
  ) {}

  async get(namespace: string, id: string, options: ReadOptions): Promise<InvoiceReading> {
    const invoice = await this.stores.invoices.find(this.unitOfWork.reader(namespace), id);
    if (invoice === undefined) throw noSuchInvoice(id);
    const [reading] = await this.read(namespace, [invoice], options);
    if (reading === undefined) throw noSuchInvoice(id);
    return reading;
  }

  /** In the order of the ids. */
  async getMany(
    namespace: string,
    ids: readonly string[],
    options: ReadOptions,
  ): Promise<readonly InvoiceReading[]> {
    const readings: InvoiceReading[] = [];
    for (const id of ids) readings.push(await this.get(namespace, id, options));
    return readings;
  }

  async list(
    namespace: string,
    query: InvoiceListQuery,
    options: ReadOptions,
  ): Promise<{ readonly items: readonly InvoiceReading[]; readonly totalCount: number }> {
    const page = await this.stores.invoices.list(this.unitOfWork.reader(namespace), query);
    return { items: await this.read(namespace, page.items, options), totalCount: page.totalCount };
  }

  private async read(
    namespace: string,
    invoices: readonly Invoice[],
    options: ReadOptions,
  ): Promise<readonly InvoiceReading[]> {
    const db = this.unitOfWork.reader(namespace);
    const wanted = invoices.filter((invoice) => options.lines || invoice.kind === 'gathering');
    const lines = await this.stores.lines.ofInvoices(
      db,
      wanted.map(({ id }) => id),
    );
    const readings: InvoiceReading[] = [];
    for (const invoice of invoices) {
      const own = lines.filter((line) => line.invoiceId === invoice.id);
      const reading =
        invoice.kind === 'standard' ? this.standard(invoice, own) : await this.gathering(db, invoice, own);
      readings.push(shown(reading, options));
    }
    return options.apps ? this.withApps(db, readings) : readings;
  }

  private standard(invoice: StandardInvoice, lines: readonly Line[]): InvoiceReading {
    return {
      ...invoice,
      invoice,
      immutable: !isMutableStatus(invoice.status),
      failed: isFailedStatus(invoice.status),
      actions: availableActions(invoice.status, guardFacts(invoice, this.clock.now())),
      lines,
    };
  }

  /** Priced for the full period of each line, with usage as it is now. Nothing of it is stored. */
  private async gathering(
    db: Db,
    invoice: GatheringInvoice,
    lines: readonly Line[],
  ): Promise<InvoiceReading> {
    const now = this.clock.now();
    const profile = await requireProfile(db, this.stores.profiles);
    const customer = await this.customers.find(db, invoice.customerId);
    const party =
      customer === undefined
        ? { id: invoice.customerId, usageAttribution: { subjectKeys: [] } }
        : snapshotOf(customer);
    const groupIds = [...new Set(lines.flatMap((line) => line.splitGroupId ?? []))];
    const groups = new Map(
      (await this.stores.lines.findGroups(db, groupIds)).map((group) => [group.id, group]),
    );
    const billedOfGroups = await this.stores.lines.billedOfGroups(db, groupIds);
    const snapshot = {
      supplier: profile.supplier,
      customer: party,
      workflow: profile.workflow,
      billingProfileId: profile.id,
      appId: profile.appId,
    };
    const live = lines.filter(isLive);
    const asked = live.map((line) => ({
      line,
      group: line.splitGroupId === undefined ? undefined : groups.get(line.splitGroupId),
    }));
    const measured = await this.measure.run(db.namespace, party, asked);
    const made = { newId, now };
    const state = { invoice: asIfDraft(invoice, snapshot), lines, groups, billedOfGroups };
    const priced = calculateInvoice(takeMeasured(state, measured, made), made);
    const aggregations = await this.measure.aggregations(db.namespace, live);
    const { progressiveBilling: progressive } = profile.workflow.invoicing;
    const billable = live.some(
      (line) =>
        billablePart(line, { asOf: now, progressive, aggregation: aggregations.get(line.id) }).part !==
        'none',
    );
    const [first, ...others] = live.map((line) => line.invoiceAt);
    return {
      ...snapshot,
      invoice,
      status: 'gathering',
      immutable: false,
      failed: false,
      actions: billable ? { invoice: {} } : {},
      totals: priced.invoice.totals,
      period: invoicePeriod(live),
      collectionAt: first === undefined ? undefined : earliest(first, ...others),
      issues: priced.invoice.issues,
      lines: priced.lines,
    };
  }

  private async withApps(db: Db, readings: readonly InvoiceReading[]): Promise<readonly InvoiceReading[]> {
    const apps = await this.apps.describe(db, [...new Set(readings.map(({ appId }) => appId))]);
    return readings.map((reading) => ({ ...reading, app: apps.get(reading.appId) }));
  }
}

function shown(reading: InvoiceReading, options: ReadOptions): InvoiceReading {
  const { lines = [], ...rest } = reading;
  return options.lines
    ? { ...rest, lines: lines.filter((line) => options.deletedLines || isLive(line)) }
    : rest;
}

/** Lets the one calculation of invoices price pending lines too. */
const asIfDraft = (gathering: GatheringInvoice, snapshot: InvoiceSnapshot): StandardInvoice => ({
  ...gathering,
  ...snapshot,
  ...invoiceDates([], snapshot.workflow, gathering),
  kind: 'standard',
  status: 'draft.created',
  entry: 0,
  actionsDone: 0,
  restTold: true,
  totals: sumTotals([]),
  issues: [],
});
