import { DUE_WORK, type DueWorkRegistry, JOB_REGISTRY, type JobRegistry } from '@ledgerline/platform';
import { Inject, type OnModuleInit } from '@nestjs/common';
import { FIND_BILLING_WORK, RUN_BILLING_JOBS } from '../tokens.js';
import type { FindBillingWork } from '../use-cases/find-billing-work.js';
import { billingJobs, type RunBillingJobs } from '../use-cases/run-billing-jobs.js';

/** Registers what the worker runs, and what the clock and the sweeper find. */
export class BillingWorkers implements OnModuleInit {
  constructor(
    @Inject(JOB_REGISTRY) private readonly registry: JobRegistry,
    @Inject(DUE_WORK) private readonly dueWork: DueWorkRegistry,
    @Inject(RUN_BILLING_JOBS) private readonly jobs: RunBillingJobs,
    @Inject(FIND_BILLING_WORK) private readonly work: FindBillingWork,
  ) {}

  onModuleInit(): void {
    this.registry.handle(billingJobs.sync, ({ namespace, id = '' }) => this.jobs.sync(namespace, id));
    this.registry.handle(billingJobs.collect, ({ namespace, id = '' }) => this.jobs.collect(namespace, id));
    this.registry.handle(billingJobs.advance, ({ namespace, id = '' }) => this.jobs.advance(namespace, id));
    for (const work of this.work.works()) this.dueWork.add(work);
  }
}
