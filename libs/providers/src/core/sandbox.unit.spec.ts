import { describe, expect, it } from '@jest/globals';
import { listings } from './listings.js';
import { sandbox, targetPaymentStatus } from './sandbox.js';

describe('the sandbox', () => {
  it('numbers an invoice and says it was sent', () => {
    expect(sandbox.finalize()).toEqual({ issues: [], number: { counter: 'sandbox' }, sentToCustomer: true });
  });

  it.each([
    [undefined, 'paid', 0],
    ['anything else', 'paid', 0],
    ['failed', 'failed', 1],
    ['uncollectible', 'uncollectible', 0],
    ['action_required', 'action_required', 0],
  ])('asked for %s ends in %s', (wish, trigger, issues) => {
    const metadata = wish === undefined ? undefined : { [targetPaymentStatus]: wish };
    const outcome = sandbox.postAdvance({ status: 'payment_processing.pending', metadata });
    expect([outcome.trigger, outcome.issues.length]).toEqual([trigger, issues]);
  });

  it('pays nothing that does not wait for payment', () => {
    for (const status of ['draft.invalid', 'issuing.failed', 'payment_processing.failed', 'paid'] as const) {
      expect(sandbox.postAdvance({ status, metadata: undefined })).toEqual({ issues: [] });
    }
  });
});

describe('listings', () => {
  it('name their capabilities after the app', () => {
    expect(
      Object.entries(listings).map(([type, { capabilities }]) => [type, capabilities.map(({ key }) => key)]),
    ).toEqual(
      ['sandbox', 'stripe', 'custom_invoicing'].map((type) => [
        type,
        [`${type}_calculate_tax`, `${type}_invoice_customer`, `${type}_collect_payment`],
      ]),
    );
  });
});
