import type { AppOutcome, RestOutcome, StandardInvoice } from '@ledgerline/invoicing/core';

const nothing: AppOutcome = { issues: [] };

/** Asks the sandbox for another end than payment. */
export const targetPaymentStatus = 'openmeter.io/sandbox/target-payment-status';

/** It has no outside: everything is agreed to, and issuing takes one of our own numbers. */
export const sandbox = {
  validate: (): AppOutcome => nothing,
  upsert: (): AppOutcome => nothing,
  delete: (): AppOutcome => nothing,
  finalize: (): AppOutcome => ({ issues: [], number: { counter: 'sandbox' }, sentToCustomer: true }),

  /** Once the invoice waits for payment it is paid, unless its metadata asks for something else. */
  postAdvance({ status, metadata }: Pick<StandardInvoice, 'status' | 'metadata'>): RestOutcome {
    if (status !== 'payment_processing.pending') return nothing;
    const wish = metadata?.[targetPaymentStatus];
    if (wish === 'failed') {
      const message = 'the sandbox was asked to let the payment fail';
      return { trigger: 'failed', issues: [{ severity: 'critical', message }] };
    }
    return { ...nothing, trigger: wish === 'uncollectible' || wish === 'action_required' ? wish : 'paid' };
  },
};
