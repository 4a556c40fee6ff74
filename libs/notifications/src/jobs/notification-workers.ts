import { type Db, type Instant, type JobQueue, type UnitOfWork } from '@ledgerline/kernel';
import {
  DUE_WORK,
  type DueWorkRegistry,
  JOB_QUEUE,
  JOB_REGISTRY,
  type JobRegistry,
  OUTSIDE_LANE,
  type OutsideLane,
  UNIT_OF_WORK,
} from '@ledgerline/platform';
import { Inject, type OnModuleInit } from '@nestjs/common';
import type { DeliveryStore, WatchStore } from '../core/ports.js';
import { DELIVERY_STORE, WATCH_STORE } from '../tokens.js';
import { DeliverEvent } from '../use-cases/deliver-event.js';
import { EvaluateEntitlement, evaluateJob } from '../use-cases/evaluate-entitlement.js';
import { addDeliverJob, deliverJob } from '../use-cases/raise-event.js';
import { addEvaluateJob } from '../use-cases/watch-entitlement.js';

// One sweep adds at most so many jobs; the rest is still due at the next, a second later.
const batchMax = 1_000;

/** The jobs that look at entitlements, and the changes by time that make them due: by the system's clock. */
export class WatchWorkers implements OnModuleInit {
  readonly name = evaluateJob;

  constructor(
    @Inject(JOB_REGISTRY) private readonly registry: JobRegistry,
    @Inject(DUE_WORK) private readonly dueWork: DueWorkRegistry,
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(WATCH_STORE) private readonly watches: WatchStore,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(EvaluateEntitlement) private readonly evaluate: EvaluateEntitlement,
  ) {}

  onModuleInit(): void {
    this.registry.handle(evaluateJob, ({ namespace, id = '' }) => this.evaluate.runDue(namespace, id));
    this.dueWork.add(this);
  }

  nextDueAt(db: Db): Promise<Instant | undefined> {
    return this.watches.nextDueAt(db);
  }

  async runDue(namespace: string, now: Instant): Promise<void> {
    for (const id of await this.watches.listDue(this.unitOfWork.reader(namespace), now, batchMax))
      await addEvaluateJob(this.queue, namespace, id);
  }
}

/** The jobs that deliver, and the retries that are due: by the machine's clock, in the lane to the outside. */
export class DeliveryWorkers implements OnModuleInit {
  readonly name = deliverJob;

  constructor(
    @Inject(OUTSIDE_LANE) private readonly lane: OutsideLane,
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(DELIVERY_STORE) private readonly deliveries: DeliveryStore,
    @Inject(DeliverEvent) private readonly deliver: DeliverEvent,
  ) {}

  onModuleInit(): void {
    this.lane.jobs.handle(deliverJob, ({ namespace, eventId = '', channelId = '' }) =>
      this.deliver.run(namespace, eventId, channelId),
    );
    this.lane.dueWork.add(this);
  }

  nextDueAt(db: Db): Promise<Instant | undefined> {
    return this.deliveries.nextAttemptAt(db);
  }

  async runDue(namespace: string, now: Instant): Promise<void> {
    for (const due of await this.deliveries.listDue(this.unitOfWork.reader(namespace), now, batchMax))
      await addDeliverJob(this.lane, namespace, due);
  }
}
