import type { UnitOfWork } from '@ledgerline/kernel';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Platform } from '@ledgerline/platform/nest';
import { ClickHouseVerificationStore } from './store/clickhouse-verification-store.js';
import { PostgresMeterStore } from './store/postgres-meter-store.js';
import { PostgresMeterVersionStore } from './store/postgres-meter-version-store.js';
import { VerifyUsage } from './use-cases/verify-usage.js';

/** Verification on open engines, for a command of its own. */
export const openVerification = (engines: {
  readonly clickhouse: ClickHouseClient;
  readonly postgres: Platform['postgres'];
  readonly unitOfWork: UnitOfWork;
}): VerifyUsage =>
  new VerifyUsage({
    unitOfWork: engines.unitOfWork,
    meters: new PostgresMeterStore(),
    versions: new PostgresMeterVersionStore(engines.postgres),
    verification: new ClickHouseVerificationStore(engines.clickhouse),
  });
