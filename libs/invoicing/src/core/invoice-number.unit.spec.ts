import { describe, expect, it } from '@jest/globals';
import { customerPrefix, invoiceNumber } from './invoice-number.js';

describe('invoice numbers', () => {
  it.each([
    ['', 'UNKN'],
    ['John', 'JOHN'],
    ['Jo', 'JO'],
    ['Peter Turi', 'PETU'],
    ['P Turi', 'PTU'],
    ['Líb Hosted', 'LIHO'],
    ['Ábel Őri', 'ABOR'],
    ['Péter Túri', 'PETU'],
    ['Peter  Turi', 'PE'],
  ])('%s is known as %s', (name, prefix) => {
    expect(customerPrefix(name)).toBe(prefix);
  });

  it('names the kind, the customer and the count', () => {
    const invoice = { customerName: 'ACME Corp', currency: 'USD' };
    expect(invoiceNumber('gathering', 3n, invoice)).toBe('GATHER-ACCO-USD-3');
    expect(invoiceNumber('draft', 4n, invoice)).toBe('DRAFT-ACCO-4');
    expect(invoiceNumber('sandbox', 1n, invoice)).toBe('OM-SANDBOX-ACCO-1');
    expect(invoiceNumber('custom-invoicing', 9n, invoice)).toBe('INV-ACCO-9');
  });
});
