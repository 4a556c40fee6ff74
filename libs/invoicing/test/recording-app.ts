import type { Db } from '@ledgerline/kernel';
import type { InvoicingApp, InvoicingApps, RestOutcome } from '../src/core/ports.js';

/** An app that behaves like the sandbox and remembers every effect under its key, as a real one would. */
export class RecordingApp implements InvoicingApps {
  readonly id = '01HAPP00000000000000000000';
  readonly effects = new Map<string, Set<string>>();
  /** What it answers instead, by operation; the first of the list each time. */
  readonly refusals: ('validate' | 'upsert' | 'finalize' | 'delete')[] = [];
  payment: RestOutcome['trigger'] = 'paid';

  find(_db: Db, appId: string): Promise<InvoicingApp | undefined> {
    return Promise.resolve(appId === this.id ? this.app : undefined);
  }

  describe(): ReturnType<InvoicingApps['describe']> {
    return Promise.resolve(new Map());
  }

  /** How many different effects of a kind the app has seen: repetitions under one key are one. */
  count(kind: string): number {
    return this.effects.get(kind)?.size ?? 0;
  }

  private readonly app: InvoicingApp = {
    id: this.id,
    type: 'sandbox',
    acceptCustomer: () => Promise.resolve(undefined),
    validate: () => this.answer('validate', 'validate'),
    upsert: (_, key) => this.answer('upsert', key),
    delete: (_, key) => this.answer('delete', key),
    finalize: async (_, key) => ({
      ...(await this.answer('finalize', key)),
      number: { counter: 'sandbox' },
      sentToCustomer: true,
    }),
    postAdvance: async ({ invoice }, key) => {
      if (invoice.status !== 'payment_processing.pending' || this.payment === undefined)
        return { issues: [] };
      await this.answer('pay', key);
      return { issues: [], trigger: this.payment };
    },
  };

  private answer(kind: string, key: string) {
    const seen = this.effects.get(kind) ?? new Set();
    this.effects.set(kind, seen.add(key));
    const index = this.refusals.findIndex((refused) => refused === kind);
    if (index === -1) return Promise.resolve({ issues: [] });
    this.refusals.splice(index, 1);
    return Promise.resolve({ issues: [{ severity: 'critical' as const, message: `no ${kind} today` }] });
  }
}
