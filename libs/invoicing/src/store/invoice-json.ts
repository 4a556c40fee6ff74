import {
  type Metadata,
  priceFromJson,
  type PriceJson,
  priceToJson,
  taxConfigFromJson,
  taxConfigToJson,
} from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import { decimal, instant, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import type { AmountDiscount, Totals } from '@ledgerline/rating/core';
import type { InvoicedParty, InvoiceSnapshot } from '../core/invoice.js';
import type { Child, LineTerms, Rated } from '../core/line.js';
import type { ValidationIssue } from '../core/validation-issue.js';
import { type Party, workflowFromJson, type WorkflowInput, workflowToJson } from '../core/workflow.js';

type Schemas = components['schemas'];

// What is kept as JSON is written out here field by field: a rename in the domain must not change what is stored.

export interface TermsJson {
  readonly name: string;
  readonly description?: string;
  readonly metadata?: Metadata;
  readonly price: PriceJson;
  readonly featureKey?: string;
  readonly featureId?: string;
  readonly percentage?: { readonly percentage: string; readonly correlationId: string };
  readonly usage?: { readonly quantity: string; readonly correlationId: string };
  readonly taxConfig?: Schemas['TaxConfig'];
}

export function termsToJson(terms: LineTerms): TermsJson {
  const percentage = terms.discounts?.percentage;
  const usage = terms.discounts?.usage;
  return {
    name: terms.name,
    ...(terms.description === undefined ? {} : { description: terms.description }),
    ...(terms.metadata === undefined ? {} : { metadata: terms.metadata }),
    price: priceToJson(terms.price),
    ...(terms.featureKey === undefined ? {} : { featureKey: terms.featureKey }),
    ...(terms.featureId === undefined ? {} : { featureId: terms.featureId }),
    ...(percentage === undefined
      ? {}
      : { percentage: { ...percentage, percentage: toNumeric(percentage.percentage) } }),
    ...(usage === undefined ? {} : { usage: { ...usage, quantity: toNumeric(usage.quantity) } }),
    ...(terms.taxConfig === undefined ? {} : { taxConfig: taxConfigToJson(terms.taxConfig) }),
  };
}

export function termsFromJson(json: TermsJson): LineTerms {
  const { percentage, usage } = json;
  return {
    name: json.name,
    description: json.description,
    metadata: json.metadata,
    price: priceFromJson(json.price),
    featureKey: json.featureKey,
    featureId: json.featureId,
    discounts:
      percentage === undefined && usage === undefined
        ? undefined
        : {
            percentage:
              percentage === undefined
                ? undefined
                : { ...percentage, percentage: decimal(percentage.percentage) },
            usage: usage === undefined ? undefined : { ...usage, quantity: decimal(usage.quantity) },
          },
    taxConfig: json.taxConfig === undefined ? undefined : taxConfigFromJson(json.taxConfig),
  };
}

const totalsFields = [
  'amount',
  'chargesTotal',
  'discountsTotal',
  'creditsTotal',
  'taxesInclusiveTotal',
  'taxesExclusiveTotal',
  'taxesTotal',
  'total',
] as const satisfies readonly (keyof Totals)[];
export type TotalsJson = Readonly<Record<(typeof totalsFields)[number], string>>;

export const totalsToJson = (totals: Totals): TotalsJson =>
  Object.fromEntries(totalsFields.map((field) => [field, toNumeric(totals[field])])) as TotalsJson;
export const totalsFromJson = (json: TotalsJson): Totals =>
  Object.fromEntries(totalsFields.map((field) => [field, decimal(json[field])])) as unknown as Totals;

interface AmountDiscountJson {
  readonly id: string;
  readonly createdAt: string;
  readonly ref: string;
  readonly amount: string;
  readonly description?: string;
  readonly percentage?: string;
  readonly correlationId?: string;
}
interface ChildJson {
  readonly id: string;
  readonly createdAt: string;
  readonly ref: string;
  readonly name: string;
  readonly category: Child['category'];
  readonly paymentTerm: Child['paymentTerm'];
  readonly from: string;
  readonly to: string;
  readonly perUnitAmount: string;
  readonly quantity: string;
  readonly amountDiscounts: readonly AmountDiscountJson[];
  readonly totals: TotalsJson;
}
export interface RatedJson {
  readonly quantity: string;
  readonly preLinePeriodQuantity: string;
  readonly usageDiscounts: readonly {
    readonly id: string;
    readonly createdAt: string;
    readonly correlationId: string;
    readonly quantity: string;
    readonly preLinePeriodQuantity: string;
  }[];
  readonly children: readonly ChildJson[];
  readonly totals: TotalsJson;
}

export const ratedToJson = (rated: Rated): RatedJson => ({
  quantity: toNumeric(rated.quantity),
  preLinePeriodQuantity: toNumeric(rated.preLinePeriodQuantity),
  usageDiscounts: rated.usageDiscounts.map((discount) => ({
    id: discount.id,
    createdAt: toRfc3339(discount.createdAt),
    correlationId: discount.correlationId,
    quantity: toNumeric(discount.quantity),
    preLinePeriodQuantity: toNumeric(discount.preLinePeriodQuantity),
  })),
  children: rated.children.map((child) => ({
    id: child.id,
    createdAt: toRfc3339(child.createdAt),
    ref: child.childUniqueReferenceId,
    name: child.name,
    category: child.category,
    paymentTerm: child.paymentTerm,
    from: toRfc3339(child.period.from),
    to: toRfc3339(child.period.to),
    perUnitAmount: toNumeric(child.perUnitAmount),
    quantity: toNumeric(child.quantity),
    amountDiscounts: child.amountDiscounts.map(amountDiscountToJson),
    totals: totalsToJson(child.totals),
  })),
  totals: totalsToJson(rated.totals),
});

export const ratedFromJson = (json: RatedJson): Rated => ({
  quantity: decimal(json.quantity),
  preLinePeriodQuantity: decimal(json.preLinePeriodQuantity),
  usageDiscounts: json.usageDiscounts.map((discount) => ({
    id: discount.id,
    createdAt: instant(discount.createdAt),
    reason: 'ratecard_usage',
    correlationId: discount.correlationId,
    quantity: decimal(discount.quantity),
    preLinePeriodQuantity: decimal(discount.preLinePeriodQuantity),
  })),
  children: json.children.map((child) => ({
    id: child.id,
    createdAt: instant(child.createdAt),
    childUniqueReferenceId: child.ref,
    name: child.name,
    category: child.category,
    paymentTerm: child.paymentTerm,
    period: { from: instant(child.from), to: instant(child.to) },
    perUnitAmount: decimal(child.perUnitAmount),
    quantity: decimal(child.quantity),
    amountDiscounts: child.amountDiscounts.map(amountDiscountFromJson),
    // Credits are not granted to invoices yet, so no child has any.
    creditsApplied: [],
    totals: totalsFromJson(child.totals),
  })),
  totals: totalsFromJson(json.totals),
});

type KeptAmountDiscount = Child['amountDiscounts'][number];

function amountDiscountToJson(discount: KeptAmountDiscount): AmountDiscountJson {
  const { reason, description } = discount;
  return {
    id: discount.id,
    createdAt: toRfc3339(discount.createdAt),
    ref: discount.childUniqueReferenceId,
    amount: toNumeric(discount.amount),
    ...(description === undefined ? {} : { description }),
    ...(reason.type === 'maximum_spend'
      ? {}
      : { percentage: toNumeric(reason.percentage), correlationId: reason.correlationId }),
  };
}

function amountDiscountFromJson(json: AmountDiscountJson): KeptAmountDiscount {
  const { percentage, correlationId } = json;
  const reason: AmountDiscount['reason'] =
    percentage === undefined || correlationId === undefined
      ? { type: 'maximum_spend' }
      : { type: 'ratecard_percentage', percentage: decimal(percentage), correlationId };
  return {
    id: json.id,
    createdAt: instant(json.createdAt),
    childUniqueReferenceId: json.ref,
    amount: decimal(json.amount),
    reason,
    description: json.description,
  };
}

export interface SnapshotJson {
  readonly supplier: Party;
  readonly customer: InvoicedParty;
  readonly workflow: WorkflowInput;
  readonly billingProfileId: string;
}

export const snapshotToJson = (snapshot: InvoiceSnapshot): SnapshotJson => ({
  supplier: snapshot.supplier,
  customer: snapshot.customer,
  workflow: workflowToJson(snapshot.workflow),
  billingProfileId: snapshot.billingProfileId,
});
export const snapshotFromJson = (json: SnapshotJson, appId: string): InvoiceSnapshot => ({
  ...json,
  workflow: workflowFromJson(json.workflow),
  appId,
});

export type IssueJson = Omit<ValidationIssue, 'createdAt'> & { readonly createdAt: string };
export const issueToJson = (issue: ValidationIssue): IssueJson => ({
  ...issue,
  createdAt: toRfc3339(issue.createdAt),
});
export const issueFromJson = (json: IssueJson): ValidationIssue => ({
  ...json,
  createdAt: instant(json.createdAt),
});
