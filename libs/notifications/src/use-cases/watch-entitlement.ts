import { instant, type JobQueue, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { JOB_QUEUE, type Notice, UNIT_OF_WORK } from '@ledgerline/platform';
import { once } from '@ledgerline/platform/postgres';
import { Inject } from '@nestjs/common';
import type { RuleStore, WatchStore } from '../core/ports.js';
import type { HeardReset } from '../core/watch.js';
import { RULE_STORE, WATCH_STORE } from '../tokens.js';
import { evaluateJob } from './evaluate-entitlement.js';
import { workerScope } from './scope.js';

/** Something changed an entitlement: it is to be looked at. */
export class WatchEntitlement {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(WATCH_STORE) private readonly watches: WatchStore,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
  ) {}

  /** The wish is committed together with the notice's mark; the job only makes it quick. */
  async run(notice: Notice, entitlementId: string, reset?: HeardReset): Promise<void> {
    const { namespace } = notice;
    const isFirst = await this.unitOfWork.run(workerScope(namespace, notice.id), async (tx) => {
      if (!(await once(tx, 'notifications.entitlement-changed', notice))) return false;
      await this.watches.ask(tx, entitlementId, {
        since: instant(notice.occurredAt),
        reset: await this.whenTold(tx, reset),
      });
      return true;
    });
    if (isFirst) await addEvaluateJob(this.queue, namespace, entitlementId);
  }

  /** A reset that no rule listens to is forgotten. */
  private async whenTold(tx: Tx, reset: HeardReset | undefined): Promise<HeardReset | undefined> {
    if (reset === undefined) return undefined;
    return (await this.rules.findAwake(tx, ['entitlements.reset'])).length > 0 ? reset : undefined;
  }
}

export const addEvaluateJob = (queue: JobQueue, namespace: string, id: string): Promise<void> =>
  queue.add(evaluateJob, { namespace, id }, { key: [evaluateJob, namespace, id].join('/') });
