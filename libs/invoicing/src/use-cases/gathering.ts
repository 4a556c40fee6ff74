import { newId, type Tx } from '@ledgerline/kernel';
import { invoiceNumber } from '../core/invoice-number.js';
import type { GatheringInvoice } from '../core/invoice.js';
import { isLive } from '../core/line.js';
import type { InvoicedCustomer, InvoiceStore } from '../core/ports.js';

/** The gathering invoice that takes a customer's pending lines; made the first time, revived when it had emptied. */
export async function openGathering(
  tx: Tx,
  invoices: InvoiceStore,
  customer: InvoicedCustomer,
  currency: string,
): Promise<{ readonly gathering: GatheringInvoice; readonly isNew: boolean }> {
  const existing = (await invoices.findGathering(tx, customer.id)).find((one) => one.currency === currency);
  if (existing !== undefined) {
    return { gathering: { ...existing, deletedAt: undefined }, isNew: false };
  }
  const count = await invoices.nextNumber(tx, 'gathering');
  const gathering: GatheringInvoice = {
    kind: 'gathering',
    id: newId(),
    namespace: tx.namespace,
    customerId: customer.id,
    currency,
    number: invoiceNumber('gathering', count, { customerName: customer.name, currency }),
    version: 1,
    createdAt: tx.at,
    updatedAt: tx.at,
  };
  await invoices.insert(tx, gathering);
  return { gathering, isNew: true };
}

/** Lines came or went. Emptied, the invoice is deleted softly; it comes back under the same number. */
export async function closeGathering(
  tx: Tx,
  invoices: InvoiceStore,
  gathering: GatheringInvoice,
  lines: readonly { readonly deletedAt?: unknown }[],
): Promise<void> {
  const empty = !lines.some((line) => line.deletedAt === undefined);
  const deletedAt = empty ? (isLive(gathering) ? tx.at : gathering.deletedAt) : undefined;
  if (!(await invoices.update(tx, { ...gathering, deletedAt, updatedAt: tx.at }))) {
    throw new Error(`the gathering invoice ${gathering.id} changed under the customer's lock`);
  }
}
