import { CatalogModule, FEATURES } from '@ledgerline/catalog';
import { CUSTOMERS, CustomersModule } from '@ledgerline/customers';
import type { Clock, JobQueue, UnitOfWork } from '@ledgerline/kernel';
import { MeteringModule, QUERY_USAGE, READ_METERS } from '@ledgerline/metering';
import { CLOCK, JOB_QUEUE, type Room, UNIT_OF_WORK } from '@ledgerline/platform';
import { once } from '@ledgerline/platform/postgres';
import { SUBSCRIPTIONS, SubscriptionsModule } from '@ledgerline/subscriptions';
import { Module, type Provider } from '@nestjs/common';
import {
  type InvoicedCustomers,
  type InvoicedFeatures,
  type InvoicedMeters,
  type InvoicedSubscriptions,
  type InvoicedUsage,
  INVOICING_APPS,
  type InvoicingApps,
} from './core/ports.js';
import { ExplanationController } from './http/explanation.controller.js';
import { InvoiceActionsController } from './http/invoice-actions.controller.js';
import { InvoicesController } from './http/invoices.controller.js';
import { ShowInvoice } from './http/show-invoice.js';
import { ProfilesController } from './http/profiles.controller.js';
import { type Invoicing, wireInvoicing } from './invoicing.wiring.js';
import { BillingNotices } from './jobs/billing-notices.controller.js';
import { BillingWorkers } from './jobs/billing-workers.js';
import * as tokens from './tokens.js';
import { FindBillingWork } from './use-cases/find-billing-work.js';
import { HearNotice } from './use-cases/hear-notice.js';
import { RunBillingJobs } from './use-cases/run-billing-jobs.js';

type Parts = [
  UnitOfWork,
  Clock,
  InvoicedCustomers,
  InvoicedSubscriptions,
  InvoicedFeatures,
  InvoicedMeters,
  InvoicedUsage,
  InvoicingApps,
];

const wired: Provider = {
  provide: tokens.INVOICING,
  inject: [UNIT_OF_WORK, CLOCK, CUSTOMERS, SUBSCRIPTIONS, FEATURES, READ_METERS, QUERY_USAGE, INVOICING_APPS],
  useFactory: (...parts: Parts): Invoicing => {
    const [unitOfWork, clock, customers, subscriptions, features, meters, usage, apps] = parts;
    return wireInvoicing({ unitOfWork, clock, customers, subscriptions, features, meters, usage, apps });
  },
};

const one = (provide: symbol, pick: (invoicing: Invoicing) => unknown): Provider => ({
  provide,
  inject: [tokens.INVOICING],
  useFactory: pick,
});

const useCases: readonly Provider[] = [
  one(tokens.ACT_ON_INVOICE, (invoicing) => invoicing.actOnInvoice),
  one(tokens.CHANGE_PROFILES, (invoicing) => invoicing.changeProfiles),
  one(tokens.CHECK_BILLING_READINESS, (invoicing) => invoicing.billingReadiness),
  one(tokens.CREATE_PENDING_LINES, (invoicing) => invoicing.createPendingLines),
  one(tokens.EXPLAIN_INVOICE, (invoicing) => invoicing.explainInvoice),
  one(tokens.INVOICE_NOW, (invoicing) => invoicing.invoiceNow),
  one(tokens.READ_INVOICES, (invoicing) => invoicing.readInvoices),
  one(tokens.READ_PROFILES, (invoicing) => invoicing.readProfiles),
  one(tokens.REFUSE_CUSTOMER_DELETION, (invoicing) => invoicing.refuseCustomerDeletion),
];

const jobs: readonly Provider[] = [
  {
    provide: tokens.RUN_BILLING_JOBS,
    inject: [JOB_QUEUE, tokens.INVOICING],
    useFactory: (queue: JobQueue, invoicing: Invoicing) => new RunBillingJobs(queue, invoicing),
  },
  {
    provide: tokens.FIND_BILLING_WORK,
    inject: [UNIT_OF_WORK, tokens.INVOICING, tokens.RUN_BILLING_JOBS],
    useFactory: (unitOfWork: UnitOfWork, { stores }: Invoicing, run: RunBillingJobs) =>
      new FindBillingWork(unitOfWork, stores, run),
  },
  {
    provide: tokens.HEAR_NOTICE,
    inject: [UNIT_OF_WORK, tokens.INVOICING, tokens.RUN_BILLING_JOBS],
    useFactory: (unitOfWork: UnitOfWork, { stores }: Invoicing, run: RunBillingJobs) =>
      new HearNotice(unitOfWork, stores.syncs, run, once),
  },
  BillingWorkers,
];

@Module({
  imports: [CatalogModule, CustomersModule, MeteringModule, SubscriptionsModule],
  controllers: [
    InvoicesController,
    InvoiceActionsController,
    ProfilesController,
    ExplanationController,
    BillingNotices,
  ],
  providers: [wired, ...useCases, ...jobs, ShowInvoice],
  exports: [
    tokens.CHANGE_PROFILES,
    tokens.CHECK_BILLING_READINESS,
    tokens.REFUSE_CUSTOMER_DELETION,
    ShowInvoice,
  ],
})
export class InvoicingModule {}

export const invoicingRoom: Room = {
  name: 'invoicing',
  module: InvoicingModule,
  ports: [INVOICING_APPS],
};
