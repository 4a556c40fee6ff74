import type { components } from '@ledgerline/contract';
import type { AppType } from './app.js';

type Listing = components['schemas']['MarketplaceListing'];

const capabilities = (app: AppType, said: Readonly<Record<'tax' | 'invoice' | 'pay', string>>) =>
  [
    { type: 'calculateTax', key: `${app}_calculate_tax`, name: 'Calculate Tax', description: said.tax },
    {
      type: 'invoiceCustomers',
      key: `${app}_invoice_customer`,
      name: 'Invoice Customers',
      description: said.invoice,
    },
    {
      type: 'collectPayments',
      key: `${app}_collect_payment`,
      name: 'Collect Payment',
      description: said.pay,
    },
  ] satisfies Listing['capabilities'];

/** What can be installed. */
export const listings: Readonly<Record<AppType, Listing>> = {
  sandbox: {
    type: 'sandbox',
    name: 'Sandbox',
    description: 'Issues invoices and marks them as paid without telling anybody: for trying things out.',
    capabilities: capabilities('sandbox', {
      tax: 'Leaves taxes at zero.',
      invoice: 'Numbers and issues invoices on the spot.',
      pay: 'Takes every payment as received, or as the invoice’s metadata says.',
    }),
    installMethods: ['no_credentials_required'],
  },
  stripe: {
    type: 'stripe',
    name: 'Stripe',
    description: 'Stripe sends the invoices, computes taxes and collects the money.',
    capabilities: capabilities('stripe', {
      tax: 'Stripe Tax computes the taxes.',
      invoice: 'Stripe sends the invoices.',
      pay: 'Stripe collects the payments.',
    }),
    installMethods: ['with_api_key'],
  },
  custom_invoicing: {
    type: 'custom_invoicing',
    name: 'Custom Invoicing',
    description: 'Your own system takes the invoices over and reports what became of them.',
    capabilities: capabilities('custom_invoicing', {
      tax: 'Your system computes the taxes.',
      invoice: 'Your system sends the invoices.',
      pay: 'Your system collects the payments.',
    }),
    installMethods: ['no_credentials_required'],
  },
};
