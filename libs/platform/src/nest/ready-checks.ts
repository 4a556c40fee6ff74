import type { Admin } from 'kafkajs';
import { findClickHouseTrouble } from '../clickhouse/open-clickhouse.js';
import { findMigrationTrouble } from '../postgres/migrate.js';
import { readMigrations } from '../postgres/read-migrations.js';
import type { Check } from '../telemetry/telemetry-server.js';
import type { Platform } from './open-platform.js';

/** The engines that every billing process needs before it can do its work. */
export function engineChecks(platform: Platform): { checks: Check[]; close: () => Promise<void> } {
  const { postgres, clickhouse, queue, kafka } = platform;
  const migrations = readMigrations();
  let admin: Promise<Admin> | undefined;
  const connect = async (): Promise<Admin> => {
    const fresh = kafka.admin({ retry: { retries: 1 } }); // a probe must say no soon instead of trying on
    await fresh.connect();
    return fresh;
  };
  const checks: Check[] = [
    { name: 'postgres', run: () => postgres.query('SELECT 1').then(() => undefined) },
    { name: 'migrations', run: () => findMigrationTrouble((sql) => postgres.query(sql), migrations) },
    { name: 'clickhouse', run: () => findClickHouseTrouble(clickhouse) },
    { name: 'redis', run: () => queue.ping().then(() => undefined) },
    {
      name: 'kafka',
      run: async () => {
        admin ??= connect();
        try {
          await (await admin).describeCluster();
          return undefined;
        } catch (error) {
          admin = undefined; // the next probe starts with a fresh connection
          throw error;
        }
      },
    },
  ];
  return { checks, close: async () => (await admin)?.disconnect() };
}
