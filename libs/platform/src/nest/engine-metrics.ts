import type { Admin } from 'kafkajs';
import { readGroupLag } from '../kafka/group-lag.js';
import { topicsOf } from '../kafka/topics.js';
import { WatchedGauges } from '../telemetry/watched-gauges.js';
import { noticesGroupOf } from './names.js';
import type { Platform } from './open-platform.js';

/** Figures of the engines that the worker lives on: the database, the job queue and the notices. */
export function watchEngines(platform: Platform): { close(): Promise<void> } {
  const { postgres, queue, outside, kafka, config } = platform;
  const gauges = new WatchedGauges(platform.metrics);
  gauges.watch(
    'postgres',
    [{ name: 'ledgerline_postgres_bytes', help: 'Size of the Postgres database.' }],
    async () => {
      const [row]: { bytes: string }[] = await postgres.query(
        'SELECT pg_database_size(current_database()) AS bytes',
      );
      return [[[{}, Number(row?.bytes)]]];
    },
  );
  gauges.watch(
    'queue',
    [
      {
        name: 'ledgerline_queue_jobs',
        help: 'Jobs of the queue by state: waiting, active, delayed, prioritized, failed.',
        labelNames: ['state'],
      },
    ],
    async () => [Object.entries(await queue.countJobs()).map(([state, jobs]) => [{ state }, jobs] as const)],
  );
  gauges.watch(
    'outside queue',
    [
      {
        name: 'ledgerline_outside_queue_jobs',
        help: 'Jobs that talk to the outside (webhooks), by the same states.',
        labelNames: ['state'],
      },
    ],
    async () => [
      Object.entries(await outside.queue.countJobs()).map(([state, jobs]) => [{ state }, jobs] as const),
    ],
  );
  let admin: Promise<Admin> | undefined;
  const connect = async (): Promise<Admin> => {
    const fresh = kafka.admin({ retry: { retries: 1 } }); // a scrape waits for the answer
    await fresh.connect();
    return fresh;
  };
  gauges.watch(
    'notices',
    [{ name: 'ledgerline_notices_lag_records', help: 'Notices that no worker has handled yet.' }],
    async () => {
      admin ??= connect();
      try {
        const prefix = config.kafka.topicPrefix;
        const lag = await readGroupLag(await admin, topicsOf(prefix).notices, noticesGroupOf(prefix));
        return [[[{}, Number(lag)]]];
      } catch (error) {
        admin = undefined; // the next look starts with a fresh connection
        throw error;
      }
    },
  );
  return { close: async () => (await admin)?.disconnect() };
}
