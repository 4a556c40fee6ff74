import type { components } from '@ledgerline/contract';
import { Inject } from '@nestjs/common';
import { READ_INVOICES } from '../tokens.js';
import type { ReadInvoices } from '../use-cases/read-invoices.js';
import { invoiceToApi } from './convert-invoice.js';

export interface ShownInvoice {
  /** Pending lines, not an invoice yet. */
  readonly isGathering: boolean;
  readonly customerId: string;
  readonly invoice: components['schemas']['Invoice'];
}

/** An invoice with its lines, as the API shows it, for rooms that tell others of it. */
export class ShowInvoice {
  constructor(@Inject(READ_INVOICES) private readonly invoices: ReadInvoices) {}

  async run(namespace: string, invoiceId: string): Promise<ShownInvoice> {
    const reading = await this.invoices.get(namespace, invoiceId, {
      lines: true,
      deletedLines: false,
      apps: false,
    });
    const { kind, customerId } = reading.invoice;
    return { isGathering: kind === 'gathering', customerId, invoice: invoiceToApi(reading) };
  }
}
