import type { AdvanceInvoice } from './advance-invoice.js';
import type { InvoicePendingLines, InvoicingRequest } from './invoice-pending-lines.js';
import { type Caller, withoutKey } from './scope.js';

/** Invoices what a customer owes and takes each invoice as far as it goes, for somebody who waits for the answer. */
export class InvoiceNow {
  constructor(
    private readonly invoicePendingLines: InvoicePendingLines,
    private readonly advanceInvoice: AdvanceInvoice,
  ) {}

  /** Killed in between, the worker's due work takes the invoices further. */
  async run(caller: Caller, request: InvoicingRequest): Promise<readonly string[]> {
    const ids = await this.invoicePendingLines.run(caller, request);
    // The key stood for the making of the invoices; their steps have keys of their own.
    for (const id of ids) await this.advanceInvoice.run(withoutKey(caller), id);
    return ids;
  }
}
