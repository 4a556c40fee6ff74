import { taxConfigFromJson, taxConfigToJson, type TaxConfig } from '@ledgerline/catalog/core';
import type { components } from '@ledgerline/contract';
import {
  type Duration,
  instant,
  type Instant,
  parseDuration,
  refusal,
  Refused,
  type Recurrence,
  toRfc3339,
} from '@ledgerline/kernel';

type Schemas = components['schemas'];

/** How an invoice of a billing profile is collected, approved and paid. */
export interface Workflow {
  readonly collection: {
    /** Absent: collection follows the subscription's own periods. Else usage waits for the next of these instants. */
    readonly anchored?: Recurrence | undefined;
    /** How long after its lines are due an invoice waits for late usage. */
    readonly interval: Duration;
  };
  readonly invoicing: {
    readonly autoAdvance: boolean;
    /** How long a person may look at a draft before it issues itself. */
    readonly draftPeriod: Duration;
    readonly dueAfter: Duration;
    readonly progressiveBilling: boolean;
    readonly defaultTaxConfig?: TaxConfig | undefined;
  };
  readonly payment: { readonly collectionMethod: Schemas['CollectionMethod'] };
  readonly tax: { readonly enabled: boolean; readonly enforced: boolean };
}

/** Everything optional: what is left out takes its default, on a replacement too. */
export type WorkflowInput = {
  readonly collection?: Partial<Schemas['BillingWorkflowCollectionSettings']> | undefined;
  readonly invoicing?: Partial<Schemas['BillingWorkflowInvoicingSettings']> | undefined;
  readonly payment?: Partial<Schemas['BillingWorkflowPaymentSettings']> | undefined;
  readonly tax?: Partial<Schemas['BillingWorkflowTaxSettings']> | undefined;
};

export function workflowFromJson(json: WorkflowInput, field = '$.workflow'): Workflow {
  const { collection, invoicing, payment, tax } = json;
  const workflow: Workflow = {
    collection: {
      anchored: anchoredFromJson(collection?.alignment, `${field}.collection.alignment`),
      interval: durationFromJson(collection?.interval ?? 'PT1H', `${field}.collection.interval`),
    },
    invoicing: {
      autoAdvance: invoicing?.autoAdvance ?? true,
      draftPeriod: durationFromJson(invoicing?.draftPeriod ?? 'P0D', `${field}.invoicing.draftPeriod`),
      dueAfter: durationFromJson(invoicing?.dueAfter ?? 'P30D', `${field}.invoicing.dueAfter`),
      progressiveBilling: invoicing?.progressiveBilling ?? true,
      defaultTaxConfig:
        invoicing?.defaultTaxConfig === undefined ? undefined : taxConfigFromJson(invoicing.defaultTaxConfig),
    },
    payment: { collectionMethod: payment?.collectionMethod ?? 'charge_automatically' },
    tax: { enabled: tax?.enabled ?? true, enforced: tax?.enforced ?? false },
  };
  if (workflow.tax.enforced && !workflow.tax.enabled) {
    throw new Refused(refusal.invalidField(`${field}.tax.enforced`, 'tax_not_enabled', 'needs tax.enabled'));
  }
  return workflow;
}

type AlignmentJson =
  | { readonly type: 'subscription' }
  | {
      readonly type: 'anchored';
      readonly recurringPeriod: { readonly interval: string; readonly anchor: string };
    };

function anchoredFromJson(json: unknown, field: string): Recurrence | undefined {
  const alignment = (json ?? { type: 'subscription' }) as AlignmentJson;
  if (alignment.type === 'subscription') return undefined;
  const { interval, anchor } = alignment.recurringPeriod;
  const named: Readonly<Record<string, string>> = { DAY: 'P1D', WEEK: 'P1W', MONTH: 'P1M', YEAR: 'P1Y' };
  const read = durationFromJson(named[interval] ?? interval, `${field}.recurringPeriod.interval`);
  if (read.blank) throw new Refused(notPositive(`${field}.recurringPeriod.interval`));
  return { interval: read, anchor: instant(anchor) };
}

function durationFromJson(text: string, field: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) {
    throw new Refused(refusal.invalidField(field, 'duration_invalid', 'must be an ISO 8601 duration'));
  }
  if (read.sign < 0) throw new Refused(notPositive(field));
  return read;
}

const notPositive = (field: string) =>
  refusal.invalidField(field, 'field_must_be_positive_or_zero', 'must not be negative');

/** Also the stored form. */
export function workflowToJson({
  collection,
  invoicing,
  payment,
  tax,
}: Workflow): Schemas['BillingWorkflow'] {
  return {
    collection: { alignment: alignmentToJson(collection.anchored), interval: collection.interval.toString() },
    invoicing: {
      autoAdvance: invoicing.autoAdvance,
      draftPeriod: toDays(invoicing.draftPeriod),
      dueAfter: toDays(invoicing.dueAfter),
      progressiveBilling: invoicing.progressiveBilling,
      ...(invoicing.defaultTaxConfig === undefined
        ? {}
        : { defaultTaxConfig: taxConfigToJson(invoicing.defaultTaxConfig) }),
    },
    payment: { collectionMethod: payment.collectionMethod },
    tax: { enabled: tax.enabled, enforced: tax.enforced },
  };
}

// Nothing is written as P0D where days are meant; Temporal alone would say PT0S.
const toDays = (duration: Duration): string => (duration.blank ? 'P0D' : duration.toString());

const alignmentToJson = (anchored: Recurrence | undefined): Schemas['BillingWorkflowCollectionAlignment'] =>
  anchored === undefined
    ? { type: 'subscription' }
    : {
        type: 'anchored',
        recurringPeriod: {
          interval: anchored.interval.toString(),
          anchor: toRfc3339(anchored.anchor),
        },
      };

/** A name, address and tax id on an invoice, in the contract's form: nothing is computed from it. */
export type Party = Schemas['BillingParty'];

/** Who bills, how, and through which app. One per namespace is the default. */
export interface BillingProfile {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly supplier: Party;
  readonly workflow: Workflow;
  /** The one app that invoices, taxes and collects. */
  readonly appId: string;
  readonly isDefault: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}
