import { isFlat } from '@ledgerline/catalog/core';
import { type Decimal, type Period, sum, type UnitOfWork } from '@ledgerline/kernel';
import { explainTotals } from '@ledgerline/rating/core';
import { currencyOf, explainLine, explainPrice } from '../core/explain-line.js';
import type { Line } from '../core/line.js';
import { usagePeriods } from '../core/usage-of-line.js';
import type { InvoicingStores } from './invoicing-stores.js';
import type { MeasureLines } from './measure-lines.js';
import type { InvoiceReading, ReadInvoices } from './read-invoices.js';

export interface ExplainedLine {
  readonly line: Line;
  readonly price: string;
  /** The days with usage; their usage is as it is now. */
  readonly windows: readonly { readonly period: Period; readonly quantity: Decimal }[];
  /** Usage that came too late: counted in the windows, not on the invoice. */
  readonly lateQuantity?: Decimal | undefined;
  readonly sentences: readonly string[];
}

export interface ExplainedInvoice {
  readonly reading: InvoiceReading;
  readonly lines: readonly ExplainedLine[];
  readonly total: string;
}

/** An invoice that can be checked with pencil and paper. */
export class ExplainInvoice {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly invoices: ReadInvoices,
    private readonly measure: MeasureLines,
  ) {}

  async run(namespace: string, invoiceId: string): Promise<ExplainedInvoice> {
    const options = { lines: true, deletedLines: false, apps: false };
    const reading = await this.invoices.get(namespace, invoiceId, options);
    const lines: ExplainedLine[] = [];
    for (const line of reading.lines ?? []) lines.push(await this.explain(namespace, reading, line));
    return { reading, lines, total: totalSentence(reading) };
  }

  private async explain(namespace: string, reading: InvoiceReading, line: Line): Promise<ExplainedLine> {
    const price = explainPrice(line.price, line.currency);
    const sentences = explainLine(line);
    if (isFlat(line.price)) return { line, price, windows: [], sentences };
    const day = { size: 'DAY', timeZone: 'UTC' } as const;
    const answer = await this.measure.ask({
      namespace,
      customer: reading.customer,
      line,
      periods: [line.period],
      window: day,
    });
    const [usage] = answer.refused === undefined ? answer.accepted : [];
    if (usage === undefined) return { line, price, windows: [], sentences };
    const windows = usage.windows.map(({ start, end, value }) => ({
      period: { from: start, to: end },
      quantity: value,
    }));
    const late = await this.lateQuantity(namespace, reading, line);
    return { line, price, windows, sentences, lateQuantity: late };
  }

  private async lateQuantity(
    namespace: string,
    reading: InvoiceReading,
    line: Line,
  ): Promise<Decimal | undefined> {
    if (line.metered === undefined) return undefined;
    const ids = line.splitGroupId === undefined ? [] : [line.splitGroupId];
    const [group] = await this.stores.lines.findGroups(this.unitOfWork.reader(namespace), ids);
    const periods = usagePeriods(line, group);
    const answer = await this.measure.ask({ namespace, customer: reading.customer, line, periods });
    if (answer.refused !== undefined) return undefined;
    const [first, second] = answer.accepted;
    const now = second === undefined ? first?.value : second.value.minus(first?.value ?? 0);
    const late = now?.minus(line.metered.quantity);
    return late === undefined || late.isZero() ? undefined : late;
  }
}

function totalSentence(reading: InvoiceReading): string {
  const { currency } = reading.invoice;
  const parts = (reading.lines ?? []).flatMap((line) => line.rated?.totals.total ?? []);
  const added = parts.length > 1 ? ` = ${parts.map((part) => part.toFixed()).join(' + ')}` : '';
  return `Invoice total: ${explainTotals(reading.totals, currencyOf(currency))}${
    sum(parts).equals(reading.totals.total) ? added : ''
  }`;
}
