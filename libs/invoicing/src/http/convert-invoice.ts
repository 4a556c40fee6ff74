import { priceToJson, taxConfigToJson, type TaxConfig } from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import { type Instant, type Period, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import type { Totals } from '@ledgerline/rating/core';
import type { Child, Line } from '../core/line.js';
import type { ValidationIssue } from '../core/validation-issue.js';
import { workflowToJson } from '../core/workflow.js';
import type { InvoiceReading } from '../use-cases/read-invoices.js';

type Schemas = components['schemas'];
type Optional<Name extends string, T> = { readonly [K in Name]?: T };

/** Leaves a member out rather than writing null or an empty list: the contract knows neither here. */
const optional = <Name extends string, T>(name: Name, value: T | undefined): Optional<Name, T> =>
  value === undefined || (Array.isArray(value) && value.length === 0)
    ? {}
    : ({ [name]: value } as Optional<Name, T>);
const at = (value: Instant | undefined): string | undefined =>
  value === undefined ? undefined : toRfc3339(value);
const periodToApi = ({ from, to }: Period): Schemas['Period'] => ({
  from: toRfc3339(from),
  to: toRfc3339(to),
});

export function invoiceToApi(reading: InvoiceReading): Schemas['Invoice'] {
  const { invoice } = reading;
  const standard = invoice.kind === 'standard' ? invoice : undefined;
  return {
    id: invoice.id,
    type: 'standard',
    number: invoice.number,
    currency: invoice.currency,
    supplier: reading.supplier,
    customer: reading.customer,
    status: statusToApi(reading.status),
    statusDetails: {
      immutable: reading.immutable,
      failed: reading.failed,
      extendedStatus: reading.status,
      availableActions: reading.actions,
    },
    totals: totalsToApi(reading.totals),
    workflow: {
      sourceBillingProfileId: reading.billingProfileId,
      workflow: workflowToJson(reading.workflow),
      ...optional('apps', appsToApi(reading)),
    },
    createdAt: toRfc3339(invoice.createdAt),
    updatedAt: toRfc3339(invoice.updatedAt),
    ...optional('deletedAt', at(invoice.deletedAt)),
    ...optional('description', standard?.description),
    ...optional('metadata', standard?.metadata),
    ...optional('issuedAt', at(standard?.issuedAt)),
    ...optional('draftUntil', at(standard?.draftUntil)),
    ...optional('quantitySnapshotedAt', at(standard?.quantitySnapshotedAt)),
    ...optional('collectionAt', at(reading.collectionAt)),
    ...optional('dueAt', at(standard?.dueAt)),
    ...optional('sentToCustomerAt', at(standard?.sentToCustomerAt)),
    ...optional('period', reading.period === undefined ? undefined : periodToApi(reading.period)),
    ...optional(
      'lines',
      reading.lines?.map((line) => lineToApi(line, reading)),
    ),
    ...optional('validationIssues', reading.issues.map(issueToApi)),
    ...optional(
      'externalIds',
      standard?.externalId === undefined ? undefined : { invoicing: standard.externalId },
    ),
  };
}

/** The first segment. The document has no word for a deleted invoice; the extended status tells it apart from a voided one. */
function statusToApi(status: string): Schemas['InvoiceStatus'] {
  const [first = status] = status.split('.');
  return (first === 'delete' || first === 'deleted' ? 'voided' : first) as Schemas['InvoiceStatus'];
}

function appsToApi(reading: InvoiceReading): Schemas['BillingProfileAppsOrReference'] | undefined {
  const { app } = reading;
  return app === undefined ? undefined : { tax: app, invoicing: app, payment: app };
}

export const totalsToApi = (totals: Totals): Schemas['InvoiceTotals'] => ({
  amount: toNumeric(totals.amount),
  chargesTotal: toNumeric(totals.chargesTotal),
  discountsTotal: toNumeric(totals.discountsTotal),
  taxesInclusiveTotal: toNumeric(totals.taxesInclusiveTotal),
  taxesExclusiveTotal: toNumeric(totals.taxesExclusiveTotal),
  taxesTotal: toNumeric(totals.taxesTotal),
  total: toNumeric(totals.total),
});

const zeroTotals: Schemas['InvoiceTotals'] = {
  amount: '0',
  chargesTotal: '0',
  discountsTotal: '0',
  taxesInclusiveTotal: '0',
  taxesExclusiveTotal: '0',
  taxesTotal: '0',
  total: '0',
};

export function lineToApi(line: Line, reading: InvoiceReading): Schemas['InvoiceLine'] {
  const price = priceToJson(line.price) as Schemas['RateCardUsageBasedPrice'];
  const taxConfig = taxConfigOf(line, reading);
  return {
    id: line.id,
    name: line.name,
    ...optional('description', line.description),
    ...optional('metadata', line.metadata),
    type: 'usage_based',
    managedBy: line.managedBy,
    status: 'valid',
    currency: line.currency,
    invoice: { id: reading.invoice.id, number: reading.invoice.number },
    period: periodToApi(line.period),
    invoiceAt: toRfc3339(line.invoiceAt),
    price,
    ...optional('featureKey', line.featureKey),
    ...optional('taxConfig', taxConfig),
    rateCard: {
      price,
      ...optional('featureKey', line.featureKey),
      ...optional('taxConfig', taxConfig),
      ...optional('discounts', rateCardDiscounts(line)),
    },
    totals: line.rated === undefined ? zeroTotals : totalsToApi(line.rated.totals),
    ...quantities(line),
    ...optional('discounts', discountsOfLine(line)),
    ...optional(
      'children',
      line.rated?.children.map((child) => childToApi(child, line, reading)),
    ),
    ...optional('subscription', subscriptionOf(line)),
    createdAt: toRfc3339(line.createdAt),
    updatedAt: toRfc3339(line.updatedAt),
    ...optional('deletedAt', at(line.deletedAt)),
  };
}

/** On a standard invoice the workflow's tax settings hold where the line says nothing. */
function taxConfigOf(line: Line, reading: InvoiceReading): Schemas['TaxConfig'] | undefined {
  const base = reading.invoice.kind === 'standard' ? reading.workflow.invoicing.defaultTaxConfig : undefined;
  if (base === undefined && line.taxConfig === undefined) return undefined;
  const merged: TaxConfig = {
    behavior: line.taxConfig?.behavior ?? base?.behavior,
    stripe: line.taxConfig?.stripe ?? base?.stripe,
    customInvoicing: line.taxConfig?.customInvoicing ?? base?.customInvoicing,
  };
  return taxConfigToJson(merged);
}

function quantities(line: Line): Partial<Schemas['InvoiceLine']> {
  const { rated, metered } = line;
  if (rated === undefined || metered === undefined) return {};
  const { quantity, preLinePeriodQuantity } = rated;
  return {
    quantity: toNumeric(quantity),
    ...(metered.quantity.equals(quantity) ? {} : { meteredQuantity: toNumeric(metered.quantity) }),
    ...(preLinePeriodQuantity.isZero() ? {} : { preLinePeriodQuantity: toNumeric(preLinePeriodQuantity) }),
    ...(metered.preLinePeriodQuantity.isZero()
      ? {}
      : { meteredPreLinePeriodQuantity: toNumeric(metered.preLinePeriodQuantity) }),
  };
}

function rateCardDiscounts({ discounts }: Line): Schemas['BillingDiscounts'] | undefined {
  if (discounts === undefined) return undefined;
  const { percentage, usage } = discounts;
  return {
    ...(percentage === undefined
      ? {}
      : {
          percentage: {
            percentage: percentage.percentage.toNumber(),
            correlationId: percentage.correlationId,
          },
        }),
    ...(usage === undefined
      ? {}
      : { usage: { quantity: toNumeric(usage.quantity), correlationId: usage.correlationId } }),
  };
}

function discountsOfLine({ rated }: Line): Schemas['InvoiceLineDiscounts'] | undefined {
  if (rated === undefined || rated.usageDiscounts.length === 0) return undefined;
  return {
    usage: rated.usageDiscounts.map((discount) => ({
      id: discount.id,
      createdAt: toRfc3339(discount.createdAt),
      updatedAt: toRfc3339(discount.createdAt),
      reason: {
        type: 'ratecard_usage' as const,
        quantity: toNumeric(discount.quantity),
        correlationId: discount.correlationId,
      },
      quantity: toNumeric(discount.quantity),
      ...(discount.preLinePeriodQuantity.isZero()
        ? {}
        : { preLinePeriodQuantity: toNumeric(discount.preLinePeriodQuantity) }),
    })),
  };
}

function childToApi(child: Child, line: Line, reading: InvoiceReading): Schemas['InvoiceDetailedLine'] {
  const { paymentTerm, category } = child;
  const quantity = toNumeric(child.quantity);
  const taxConfig = taxConfigOf(line, reading);
  return {
    id: child.id,
    name: child.name,
    type: 'flat_fee',
    managedBy: 'system',
    status: 'detailed',
    category,
    currency: line.currency,
    invoice: { id: reading.invoice.id, number: reading.invoice.number },
    period: periodToApi(child.period),
    invoiceAt: toRfc3339(line.invoiceAt),
    paymentTerm,
    perUnitAmount: toNumeric(child.perUnitAmount),
    quantity,
    ...optional('taxConfig', taxConfig),
    rateCard: {
      price: { type: 'flat', amount: toNumeric(child.perUnitAmount), paymentTerm },
      quantity,
      ...optional('taxConfig', taxConfig),
    },
    totals: totalsToApi(child.totals),
    ...optional('discounts', amountDiscounts(child)),
    createdAt: toRfc3339(child.createdAt),
    updatedAt: toRfc3339(line.updatedAt),
  };
}

function amountDiscounts(child: Child): Schemas['InvoiceLineDiscounts'] | undefined {
  if (child.amountDiscounts.length === 0) return undefined;
  return {
    amount: child.amountDiscounts.map(({ id, createdAt, amount, description, reason }) => ({
      id,
      createdAt: toRfc3339(createdAt),
      updatedAt: toRfc3339(createdAt),
      amount: toNumeric(amount),
      ...optional('description', description),
      reason:
        reason.type === 'maximum_spend'
          ? { type: 'maximum_spend' as const }
          : {
              type: 'ratecard_percentage' as const,
              percentage: reason.percentage.toNumber(),
              correlationId: reason.correlationId,
            },
    })),
  };
}

function subscriptionOf({ subscription }: Line): Schemas['InvoiceLineSubscriptionReference'] | undefined {
  if (subscription === undefined) return undefined;
  return {
    subscription: { id: subscription.subscriptionId },
    phase: { id: subscription.phaseId },
    item: { id: subscription.itemId },
    billingPeriod: periodToApi(subscription.billingPeriod),
  };
}

const issueToApi = (issue: ValidationIssue): Schemas['ValidationIssue'] => ({
  id: issue.id,
  createdAt: toRfc3339(issue.createdAt),
  updatedAt: toRfc3339(issue.createdAt),
  severity: issue.severity,
  component: issue.component,
  message: issue.message,
  ...optional('code', issue.code),
  ...optional('field', issue.field),
});
