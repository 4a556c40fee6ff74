import type { components } from '@ledgerline/contract';
import { decimal, type Duration, parseDuration, Refused, refusal, toNumeric } from '@ledgerline/kernel';
import {
  flatPriceFromJson,
  flatPriceToJson,
  priceFromJson,
  type PriceJson,
  priceToJson,
} from './price-json.js';
import type { Discounts, EntitlementTemplate, RateCard, TaxConfig } from './rate-card.js';

type Schemas = components['schemas'];
/** The contract's form of a rate card. Stored ones also name the feature's id, which the contract does not show. */
export type RateCardJson = Schemas['RateCard'] & { readonly featureId?: string };
// The generated union has lost its tag; these are its branches.
type MeteredTemplateJson = Schemas['RateCardMeteredEntitlement'];
type TemplateJson =
  | (Omit<MeteredTemplateJson, TemplateDefaults> & Partial<Pick<MeteredTemplateJson, TemplateDefaults>>)
  | Schemas['RateCardStaticEntitlement']
  | Schemas['RateCardBooleanEntitlement'];
type TemplateDefaults = 'isSoftLimit' | 'issueAfterResetPriority' | 'preserveOverageAtReset';

export function durationFromJson(text: string, field: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) {
    throw new Refused(refusal.invalidField(field, 'duration_invalid', 'must be an ISO 8601 duration'));
  }
  return read;
}

/** `field` is the rate card's JSONPath, for the refusal of what no schema can say. */
export function rateCardFromJson(json: RateCardJson, field: string): RateCard {
  const cadence =
    json.billingCadence === null
      ? undefined
      : durationFromJson(json.billingCadence, `${field}.billingCadence`);
  const common = {
    key: json.key,
    name: json.name,
    description: json.description,
    metadata: json.metadata ?? undefined,
    featureKey: json.featureKey,
    featureId: json.featureId,
    entitlementTemplate:
      json.entitlementTemplate === undefined
        ? undefined
        : templateFromJson(json.entitlementTemplate as TemplateJson, cadence, `${field}.entitlementTemplate`),
    taxConfig: json.taxConfig === undefined ? undefined : taxConfigFromJson(json.taxConfig),
    discounts: json.discounts === undefined ? undefined : discountsFromJson(json.discounts),
  };
  if (json.type === 'flat_fee') {
    const price = json.price === null ? undefined : flatPriceFromJson(json.price);
    return { type: 'flat_fee', ...common, billingCadence: cadence, price };
  }
  if (cadence === undefined) {
    throw new Refused(refusal.invalidField(`${field}.billingCadence`, 'required', 'is required'));
  }
  const price = json.price === null ? undefined : priceFromJson(json.price as PriceJson);
  return { type: 'usage_based', ...common, billingCadence: cadence, price };
}

function templateFromJson(
  json: TemplateJson,
  cadence: Duration | undefined,
  field: string,
): EntitlementTemplate {
  const { metadata } = json;
  switch (json.type) {
    case 'boolean':
      return { type: 'boolean', metadata };
    case 'static':
      return { type: 'static', metadata, config: json.config };
    case 'metered': {
      const usagePeriod =
        json.usagePeriod === undefined ? cadence : durationFromJson(json.usagePeriod, `${field}.usagePeriod`);
      if (usagePeriod === undefined) {
        const message = 'is required when the rate card has no billing cadence';
        throw new Refused(refusal.invalidField(`${field}.usagePeriod`, 'required', message));
      }
      // The contract's default priority arrives whether or not anything is issued; alone it says nothing.
      const isDefault = json.issueAfterReset === undefined && json.issueAfterResetPriority === 1;
      return {
        type: 'metered',
        metadata,
        isSoftLimit: json.isSoftLimit ?? false,
        issueAfterReset: json.issueAfterReset === undefined ? undefined : decimal(json.issueAfterReset),
        issueAfterResetPriority: isDefault ? undefined : json.issueAfterResetPriority,
        preserveOverageAtReset: json.preserveOverageAtReset,
        usagePeriod,
      };
    }
  }
}

export const taxConfigFromJson = (json: Schemas['TaxConfig']): TaxConfig => ({
  behavior: json.behavior,
  stripe: json.stripe === undefined ? undefined : { code: json.stripe.code },
  customInvoicing: json.customInvoicing === undefined ? undefined : { code: json.customInvoicing.code },
});

export const discountsFromJson = ({ percentage, usage }: Schemas['Discounts']): Discounts => ({
  percentage: percentage === undefined ? undefined : { percentage: decimal(percentage.percentage) },
  usage: usage === undefined ? undefined : { quantity: decimal(usage.quantity) },
});

/** Without the feature's id: for replies. `storedRateCard` keeps it. */
export function rateCardToJson(card: RateCard): Schemas['RateCard'] {
  const common = {
    key: card.key,
    name: card.name,
    ...(card.description === undefined ? {} : { description: card.description }),
    ...(card.metadata === undefined ? {} : { metadata: card.metadata }),
    ...(card.featureKey === undefined ? {} : { featureKey: card.featureKey }),
    ...(card.entitlementTemplate === undefined
      ? {}
      : { entitlementTemplate: templateToJson(card.entitlementTemplate) }),
    ...(card.taxConfig === undefined ? {} : { taxConfig: taxConfigToJson(card.taxConfig) }),
    ...(card.discounts === undefined ? {} : { discounts: discountsToJson(card.discounts) }),
  };
  if (card.type === 'flat_fee') {
    return {
      type: 'flat_fee',
      ...common,
      billingCadence: card.billingCadence?.toString() ?? null,
      price: card.price === undefined ? null : flatPriceToJson(card.price),
    };
  }
  return {
    type: 'usage_based',
    ...common,
    billingCadence: card.billingCadence.toString(),
    price: card.price === undefined ? null : priceToJson(card.price),
  };
}

export const storedRateCard = (card: RateCard): RateCardJson => ({
  ...rateCardToJson(card),
  ...(card.featureId === undefined ? {} : { featureId: card.featureId }),
});

function templateToJson(template: EntitlementTemplate): TemplateJson {
  const metadata = template.metadata === undefined ? {} : { metadata: template.metadata };
  switch (template.type) {
    case 'boolean':
      return { type: 'boolean', ...metadata };
    case 'static':
      return { type: 'static', ...metadata, config: template.config };
    case 'metered': {
      const { issueAfterReset, issueAfterResetPriority, preserveOverageAtReset } = template;
      return {
        type: 'metered',
        ...metadata,
        isSoftLimit: template.isSoftLimit,
        ...(issueAfterReset === undefined ? {} : { issueAfterReset: issueAfterReset.toNumber() }),
        ...(issueAfterResetPriority === undefined ? {} : { issueAfterResetPriority }),
        ...(preserveOverageAtReset === undefined ? {} : { preserveOverageAtReset }),
        usagePeriod: template.usagePeriod.toString(),
      };
    }
  }
}

export const taxConfigToJson = ({ behavior, stripe, customInvoicing }: TaxConfig): Schemas['TaxConfig'] => ({
  ...(behavior === undefined ? {} : { behavior }),
  ...(stripe === undefined ? {} : { stripe }),
  ...(customInvoicing === undefined ? {} : { customInvoicing }),
});

export const discountsToJson = ({ percentage, usage }: Discounts): Schemas['Discounts'] => ({
  ...(percentage === undefined ? {} : { percentage: { percentage: percentage.percentage.toNumber() } }),
  ...(usage === undefined ? {} : { usage: { quantity: toNumeric(usage.quantity) } }),
});
