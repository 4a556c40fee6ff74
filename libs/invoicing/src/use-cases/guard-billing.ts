import { type Db, refusal, type Refusal } from '@ledgerline/kernel';
import type { InvoicedCustomer, InvoicedCustomers, InvoicingApps } from '../core/ports.js';
import type { InvoicingStores } from './invoicing-stores.js';
import { noDefaultProfile } from './require-profile.js';

/** Answers subscriptions: why a customer cannot be invoiced. */
export class CheckBillingReadiness {
  constructor(
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly apps: InvoicingApps,
  ) {}

  async check(db: Db, customer: { readonly id: string }): Promise<Refusal | undefined> {
    const profile = await this.stores.profiles.findDefault(db);
    if (profile === undefined) return noDefaultProfile;
    const app = await this.apps.find(db, profile.appId);
    if (app === undefined)
      return refusal.precondition(`the app of the billing profile ${profile.name} is gone`);
    const whole = await this.customers.find(db, customer.id);
    return whole === undefined
      ? refusal.notFound(`there is no customer ${customer.id}`)
      : app.acceptCustomer(db, whole);
  }
}

/** Answers customers: who still owes, or may come to owe, cannot be deleted. */
export class RefuseCustomerDeletion {
  constructor(private readonly stores: InvoicingStores) {}

  async check(db: Db, customer: Pick<InvoicedCustomer, 'id'>): Promise<Refusal | undefined> {
    const invoice = await this.stores.invoices.findUnsettled(db, customer.id);
    if (invoice === undefined) return undefined;
    const which = invoice.kind === 'gathering' ? 'pending lines on' : 'the unsettled invoice';
    return refusal.conflict(`the customer ${customer.id} has ${which} ${invoice.number}`);
  }
}
