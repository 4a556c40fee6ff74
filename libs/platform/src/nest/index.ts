export { watchEngines } from './engine-metrics.js';
export { migrateAll, type MigrateAllOptions } from './migrate-all.js';
export { noticesGroupOf, relayName } from './names.js';
export { openPlatform, type Platform, queueOptionsOf } from './open-platform.js';
export { createUnitOfWork, PlatformModule } from './platform.module.js';
export { engineChecks } from './ready-checks.js';
export {
  dueWorkJob,
  type DueNow,
  enqueueDueWork,
  findDueNow,
  handleDueWork,
  Sweeper,
  type SweeperOptions,
  type SweepParts,
} from './sweeper.js';
