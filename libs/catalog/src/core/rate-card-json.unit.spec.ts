import { describe, expect, it } from '@jest/globals';
import { type Refused } from '@ledgerline/kernel';
import { type RateCardJson, rateCardFromJson, rateCardToJson, storedRateCard } from './rate-card-json.js';

const usage = (price: object | null, rest: object = {}) => ({
  type: 'usage_based',
  key: 'calls',
  name: 'Calls',
  featureKey: 'calls',
  billingCadence: 'P1M',
  price,
  ...rest,
});
const flat = (rest: object = {}) => ({
  type: 'flat_fee',
  key: 'seat',
  name: 'Seat',
  billingCadence: null,
  price: { type: 'flat', amount: '12.5', paymentTerm: 'in_arrears' },
  ...rest,
});
const read = (json: object) => rateCardFromJson(json as RateCardJson, '$.card');

describe('rate cards in the contract’s form', () => {
  it.each([
    flat(),
    flat({ price: null, description: 'd', metadata: { a: 'b' } }),
    flat({ taxConfig: { behavior: 'exclusive', stripe: { code: 'txcd_10000000' } } }),
    usage(null),
    usage({ type: 'unit', amount: '0.0001', minimumAmount: '1', maximumAmount: '20' }),
    usage({ type: 'flat', amount: '1', paymentTerm: 'in_advance' }),
    usage({ type: 'dynamic', multiplier: '1.5' }),
    usage({ type: 'dynamic' }),
    usage({ type: 'package', amount: '10', quantityPerPackage: '100' }),
    usage(null, { entitlementTemplate: { type: 'boolean', metadata: { a: 'b' } } }),
    usage(null, { entitlementTemplate: { type: 'static', config: '"{}"' } }),
    usage(null, { entitlementTemplate: { type: 'metered', isSoftLimit: true, usagePeriod: 'P1D' } }),
    usage(
      { type: 'unit', amount: '1' },
      { discounts: { percentage: { percentage: 12.5 }, usage: { quantity: '3' } } },
    ),
  ])('are written as they were read: %j', (json) => {
    expect(rateCardToJson(read(json))).toEqual(json);
  });

  it('keep the feature’s id where they are stored only', () => {
    const card = { ...read(usage(null)), featureId: '01G65Z755AFWAKHE12NY0CQ9FH' };
    expect(rateCardToJson(card)).not.toHaveProperty('featureId');
    expect(rateCardFromJson(storedRateCard(card), '$')).toEqual(card);
  });

  it('are billed in advance when nothing is said about it', () => {
    expect(read(usage({ type: 'flat', amount: '1' })).price).toMatchObject({ paymentTerm: 'in_advance' });
  });

  it('drop a multiplier of one and trailing zeros', () => {
    const json = usage({ type: 'dynamic', multiplier: '1.0', minimumAmount: '5.00' });
    expect(rateCardToJson(read(json)).price).toEqual({ type: 'dynamic', minimumAmount: '5' });
  });

  it('count usage in the period they are billed in when no other is named', () => {
    const card = read(usage(null, { entitlementTemplate: { type: 'metered', isSoftLimit: false } }));
    expect(rateCardToJson(card).entitlementTemplate).toMatchObject({ usagePeriod: 'P1M' });
  });

  it('read the contract’s default priority as none where nothing is issued', () => {
    const template = { type: 'metered', isSoftLimit: false, usagePeriod: 'P1M', issueAfterResetPriority: 1 };
    const alone = rateCardToJson(read(usage(null, { entitlementTemplate: template })));
    expect(alone.entitlementTemplate).not.toHaveProperty('issueAfterResetPriority');
    const issued = rateCardToJson(
      read(usage(null, { entitlementTemplate: { ...template, issueAfterReset: 10 } })),
    );
    expect(issued.entitlementTemplate).toMatchObject({ issueAfterReset: 10, issueAfterResetPriority: 1 });
  });

  it('name the field that is missing', () => {
    expect.assertions(1);
    try {
      read(flat({ entitlementTemplate: { type: 'metered' } }));
    } catch (error) {
      expect((error as Refused).refusal.issues).toMatchObject([
        { field: '$.card.entitlementTemplate.usagePeriod' },
      ]);
    }
  });
});
