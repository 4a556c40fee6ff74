import {
  freePortBlock,
  startClickhouse,
  startKafka,
  startPostgres,
  startRedis,
  type RunningEngine,
} from '@ledgerline/embedded';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineAddresses } from './addresses.js';

export type EngineName = 'kafka' | 'clickhouse' | 'postgres' | 'redis';

/** Engines of a test with throw-away data. Addresses of engines that were not asked for are empty. */
export interface TestEngines extends EngineAddresses {
  readonly dir: string;
  /** By name, to be killed and restarted by crash tests. */
  readonly running: ReadonlyMap<EngineName, RunningEngine>;
  /** Ends the engines and removes their data (kept when `dir` was given). */
  stop(): Promise<void>;
}

const ALL: readonly EngineName[] = ['kafka', 'clickhouse', 'postgres', 'redis'];

/** Starts engines on free ports, by default all four. Errors: EngineFault; what had started is stopped. */
export async function startEngines(
  options: { only?: readonly EngineName[]; dir?: string } = {},
): Promise<TestEngines> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'ledgerline-test-')));
  const base = await freePortBlock(ALL.length + 1);
  const common = (name: EngineName, offset: number) => ({
    dataDir: join(dir, name),
    port: base + offset,
    logFile: join(dir, 'logs', `${name}.log`),
  });
  const launchers: Record<EngineName, () => Promise<RunningEngine>> = {
    kafka: () => startKafka({ ...common('kafka', 0), controllerPort: base + 4 }),
    clickhouse: () => startClickhouse(common('clickhouse', 1)),
    postgres: () => startPostgres(common('postgres', 2)),
    redis: () => startRedis(common('redis', 3)),
  };
  const running = new Map<EngineName, RunningEngine>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((engine) => engine.stop()));
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  const outcomes = await Promise.allSettled(
    (options.only ?? ALL).map(async (name) => running.set(name, await launchers[name]())),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const url = (name: EngineName): string => running.get(name)?.url ?? '';
  return {
    dir,
    running,
    stop,
    kafkaBrokers: running.has('kafka') ? [url('kafka')] : [],
    clickhouseUrl: url('clickhouse'),
    postgresUrl: url('postgres'),
    redisUrl: url('redis'),
  };
}
