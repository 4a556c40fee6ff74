import anyAscii from 'any-ascii';

/** What a counter counts: one per namespace and kind, starting at 1. */
export type InvoiceNumberKind = 'gathering' | 'draft' | 'sandbox' | 'custom-invoicing';

/**
 * Four letters that let a person recognise whose invoice it is: the first four of a one-part name, else two of each of
 * the first two parts. Parts are split at single spaces, so a double space leaves the second one empty.
 */
export function customerPrefix(customerName: string): string {
  const [first = '', second] = anyAscii(customerName).toUpperCase().split(' ');
  const prefix = second === undefined ? first.slice(0, 4) : first.slice(0, 2) + second.slice(0, 2);
  return prefix === '' ? 'UNKN' : prefix;
}

/** The number shown on the invoice. `count` is the counter's next value, taken in the transaction that uses it. */
export function invoiceNumber(
  kind: InvoiceNumberKind,
  count: bigint,
  invoice: { readonly customerName: string; readonly currency: string },
): string {
  const prefix = customerPrefix(invoice.customerName);
  switch (kind) {
    case 'gathering':
      return `GATHER-${prefix}-${invoice.currency}-${count}`;
    case 'draft':
      return `DRAFT-${prefix}-${count}`;
    case 'sandbox':
      return `OM-SANDBOX-${prefix}-${count}`;
    case 'custom-invoicing':
      return `INV-${prefix}-${count}`;
  }
}
