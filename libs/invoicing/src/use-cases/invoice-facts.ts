import type { Fact } from '@ledgerline/kernel';
import type { Invoice, StandardInvoice } from '../core/invoice.js';
import type { InvoiceStatus } from '../core/state-machine.js';

export const invoiceStream = (invoice: Pick<Invoice, 'id'>): string => `invoice:${invoice.id}`;

const named: Readonly<Partial<Record<InvoiceStatus, string>>> = {
  issued: 'InvoiceIssued',
  paid: 'InvoicePaid',
  deleted: 'InvoiceDeleted',
};

/** The invoice went from one state to another. */
export const movedFact = (from: InvoiceStatus, invoice: StandardInvoice): Fact => ({
  stream: invoiceStream(invoice),
  type: named[invoice.status] ?? 'InvoiceUpdated',
  data: {
    id: invoice.id,
    customerId: invoice.customerId,
    number: invoice.number,
    from,
    to: invoice.status,
  },
});

export const createdFact = (invoice: StandardInvoice, subscriptionIds: readonly string[]): Fact => ({
  stream: invoiceStream(invoice),
  type: 'InvoiceCreated',
  data: { id: invoice.id, customerId: invoice.customerId, number: invoice.number, subscriptionIds },
});
