import { repositoryRoot } from '@ledgerline/embedded';
import { type Config, loadConfig } from '@ledgerline/platform/config';
import { resolve } from 'node:path';
import type { Arguments } from './read-arguments.js';

export type EngineName = 'kafka' | 'clickhouse' | 'postgres' | 'redis';
export const engineNames: readonly EngineName[] = ['kafka', 'clickhouse', 'postgres', 'redis'];

/** One instance: where it keeps its data, which ports are its own, and which engines it brings along itself. */
export interface Instance {
  readonly config: Config;
  readonly configFile?: string;
  readonly dataDir: string;
  readonly logDir: string;
  readonly port: number;
  /** Engines whose address was left at its default; the others run somewhere else already. */
  readonly localEngines: readonly EngineName[];
}

/** Offset of each engine's port from the base port. */
export const portOffsets = { kafka: 3, kafkaController: 4, clickhouse: 5, postgres: 6, redis: 7 } as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Merges command line over environment over file over defaults. Errors: ConfigError. */
export function planInstance(args: Arguments, env: Env): Instance {
  const merged: Record<string, string | undefined> = { ...env };
  if (args.port !== undefined) merged['LEDGERLINE_INSTANCE_PORT'] = String(args.port);
  if (args.dataDir !== undefined) merged['LEDGERLINE_INSTANCE_DATA_DIR'] = args.dataDir;
  if (args.configFile !== undefined) merged['LEDGERLINE_CONFIG'] = args.configFile;
  const config = loadConfig({ env: merged });
  const untouched = loadConfig({ env: { LEDGERLINE_INSTANCE_PORT: String(config.instance.port) } });
  const addressOf = (from: Config): Record<EngineName, string> => ({
    kafka: from.kafka.brokers.join(','),
    clickhouse: from.clickhouse.url,
    postgres: from.postgres.url,
    redis: from.redis.url,
  });
  const [given, standard] = [addressOf(config), addressOf(untouched)];
  const configFile = merged['LEDGERLINE_CONFIG'];
  // Relative to the clone, not to wherever npm was called from, so that the next start finds the data again.
  const dataDir = resolve(repositoryRoot, config.instance.dataDir);
  return {
    config,
    ...(configFile !== undefined && { configFile: resolve(configFile) }),
    dataDir,
    logDir: resolve(dataDir, 'logs'),
    port: config.instance.port,
    localEngines: engineNames.filter((name) => given[name] === standard[name]),
  };
}

/** What a service of this instance finds in its environment. */
export function serviceEnv(instance: Instance, engineUrls: ReadonlyMap<EngineName, string>, env: Env): Env {
  const addresses: Record<string, string> = {};
  const variables: Record<EngineName, string> = {
    kafka: 'LEDGERLINE_KAFKA_BROKERS',
    clickhouse: 'LEDGERLINE_CLICKHOUSE_URL',
    postgres: 'LEDGERLINE_POSTGRES_URL',
    redis: 'LEDGERLINE_REDIS_URL',
  };
  for (const [name, url] of engineUrls) addresses[variables[name]] = url;
  return {
    ...env,
    ...addresses,
    ...(instance.configFile !== undefined && { LEDGERLINE_CONFIG: instance.configFile }),
    LEDGERLINE_INSTANCE_PORT: String(instance.port),
    LEDGERLINE_INSTANCE_DATA_DIR: instance.dataDir,
    ...(instance.config.frontDoor.accessLog === '' && {
      LEDGERLINE_FRONT_DOOR_ACCESS_LOG: resolve(instance.logDir, 'access.log'),
    }),
  };
}
