import type { UnitOfWork } from '@ledgerline/kernel';
import type { MeterStore, MeterVersionStore, UsageAttributionLookup, UsageStore } from '../core/ports.js';

/** What every question about usage needs. */
export interface UsagePorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly versions: MeterVersionStore;
  readonly usage: UsageStore;
  readonly attribution: UsageAttributionLookup;
  /** Kafka partitions of the topic. */
  readonly partitions: number;
}
