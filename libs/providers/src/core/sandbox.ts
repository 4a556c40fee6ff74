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
    switch (metadata?.[targetPaymentStatus]) {
      case 'failed':
        return {
          trigger: 'failed',
          issues: [{ severity: 'critical', message: 'the sandbox was asked to let the payment fail' }],
        };
      case 'uncollectible':
        return { ...nothing, trigger: 'uncollectible' };
      case 'action_required':
        return { ...nothing, trigger: 'action_required' };
      default:
        return { ...nothing, trigger: 'paid' };
    }
  },
};
