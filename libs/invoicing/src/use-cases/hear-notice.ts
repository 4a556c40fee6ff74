import type { Tx, UnitOfWork } from '@ledgerline/kernel';
import type { SyncStore } from '../core/ports.js';
import type { RunBillingJobs } from './run-billing-jobs.js';
import { scopeOf, worker } from './scope.js';

/** As the platform tells it; only what is needed here. */
export interface HeardNotice {
  readonly id: string;
  readonly namespace: string;
}
/** True the first time: the platform's inbox. */
export type Once = (tx: Tx, consumer: string, notice: HeardNotice) => Promise<boolean>;

/** Subscriptions changed, or an invoice took lines off them: their lines are to be looked at. */
export class HearNotice {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly syncs: SyncStore,
    private readonly jobs: RunBillingJobs,
    private readonly once: Once,
  ) {}

  /** The wish is committed together with the notice's mark; the job only makes it quick. */
  async run(consumer: string, notice: HeardNotice, subscriptionIds: readonly string[]): Promise<void> {
    const { namespace } = notice;
    const first = await this.unitOfWork.run(scopeOf(worker(namespace, notice.id)), async (tx) => {
      if (!(await this.once(tx, consumer, notice))) return false;
      await this.syncs.request(tx, subscriptionIds);
      return true;
    });
    if (!first) return;
    for (const id of subscriptionIds) await this.jobs.addSync(namespace, id);
  }
}
