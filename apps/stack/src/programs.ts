import {
  EngineFault,
  isClaimed,
  launchProgram,
  repositoryRoot,
  requirePort,
  type RunningEngine,
  startClickhouse,
  startKafka,
  startPostgres,
  startRedis,
} from '@ledgerline/embedded';
import { join } from 'node:path';
import { type EngineName, type Instance, portOffsets } from './plan-instance.js';

/** Something the supervisor keeps running. */
export interface Program {
  readonly name: string;
  readonly logFile: string;
  start(): Promise<RunningEngine>;
  /** Why it runs but does nothing until a person acts; undefined otherwise, and where no program of its kind does that. */
  stoppedReason?(): Promise<string | undefined>;
}

/** The engines this instance brings along itself, by name. */
export function enginePrograms(instance: Instance, signal?: AbortSignal): ReadonlyMap<EngineName, Program> {
  const options = (name: EngineName) => ({
    dataDir: join(instance.dataDir, name),
    port: instance.port + portOffsets[name],
    logFile: join(instance.logDir, `${name}.log`),
    ...(signal && { signal }),
  });
  const launchers: Record<EngineName, () => Promise<RunningEngine>> = {
    kafka: () =>
      startKafka({ ...options('kafka'), controllerPort: instance.port + portOffsets.kafkaController }),
    clickhouse: () => startClickhouse(options('clickhouse')),
    postgres: () => startPostgres(options('postgres')),
    redis: () => startRedis(options('redis')),
  };
  const titles: Record<EngineName, string> = {
    kafka: 'Kafka',
    clickhouse: 'ClickHouse gateway',
    postgres: 'Postgres',
    redis: 'Redis',
  };
  return new Map(
    instance.localEngines.map((name) => [
      name,
      { name: titles[name], logFile: options(name).logFile, start: launchers[name] },
    ]),
  );
}

interface ServiceEntry {
  readonly entry: string;
  readonly port: number;
  readonly morePorts: readonly number[];
  readonly ready: string;
}

export const serviceNames = ['ingest', 'sink', 'api', 'worker', 'front-door'] as const;
export type ServiceName = (typeof serviceNames)[number];

function serviceEntries({ config }: Instance): Record<ServiceName, ServiceEntry> {
  const { ingest, sink, billing, frontDoor, instance, telemetry } = config;
  const ready = (port: number): string => `http://${telemetry.host}:${port}/healthz/ready`;
  return {
    ingest: {
      entry: 'apps/ingest/dist/main.js',
      port: ingest.telemetryPort,
      morePorts: [ingest.port],
      ready: ready(ingest.telemetryPort),
    },
    sink: {
      entry: 'apps/sink/dist/main.js',
      port: sink.telemetryPort,
      morePorts: [],
      ready: ready(sink.telemetryPort),
    },
    api: {
      entry: 'apps/billing/dist/main-api.js',
      port: billing.telemetryPort,
      morePorts: [billing.port],
      ready: ready(billing.telemetryPort),
    },
    worker: {
      entry: 'apps/billing/dist/main-worker.js',
      port: billing.workerTelemetryPort,
      morePorts: [],
      ready: ready(billing.workerTelemetryPort),
    },
    'front-door': {
      entry: 'libs/embedded/dist/front-door/main.js',
      port: instance.port,
      morePorts: [frontDoor.telemetryPort],
      ready: `http://127.0.0.1:${instance.port}/`,
    },
  };
}

const serviceDir = (instance: Instance, name: ServiceName): string =>
  join(instance.dataDir, 'services', name);

/**
 * Refuses a taken port before anything is started. A port that a service of this very instance may still hold, left
 * behind by a supervisor that was killed, is left to that service's own start, which ends the orphan.
 */
export async function requireServicePorts(instance: Instance, names: readonly ServiceName[]): Promise<void> {
  const entries = serviceEntries(instance);
  for (const name of names) {
    if (isClaimed(serviceDir(instance, name))) continue;
    for (const port of [entries[name].port, ...entries[name].morePorts]) await requirePort(name, port);
  }
}

/** Each service as its own process; started means that it answers that it can do its work. */
export function servicePrograms(
  instance: Instance,
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): ReadonlyMap<ServiceName, Program> {
  const entries = serviceEntries(instance);
  return new Map(
    serviceNames.map((name) => {
      const { entry, port, morePorts, ready } = entries[name];
      const logFile = join(instance.logDir, `${name}.log`);
      const start = (): Promise<RunningEngine> =>
        launchProgram(
          {
            name,
            url: ready,
            command: process.execPath,
            // The directory stands in the command line: that is how an orphan of this instance is recognised.
            args: ['--enable-source-maps', join(repositoryRoot, entry), instance.dataDir],
            env,
            morePorts,
            probe: () => requireReady(name, ready, logFile),
          },
          { dataDir: serviceDir(instance, name), port, logFile, ...(signal && { signal }) },
        );
      return [name, { name, logFile, start, stoppedReason: () => readStopped(ready) }];
    }),
  );
}

// A probe of loopback that takes longer will not succeed; the next one asks again.
const probeTimeoutMs = 3_000;

const ask = (url: string): Promise<Response> =>
  fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(probeTimeoutMs) });

async function requireReady(name: string, url: string, logFile: string): Promise<void> {
  const response = await ask(url);
  const body = await response.text();
  if (response.status < 400) return;
  const stopped = stoppedIn(body);
  if (stopped !== undefined) throw new EngineFault(name, `${stopped} (its log: ${logFile})`);
  throw new Error(`not ready yet: ${body.slice(0, 500)}`);
}

/** A service that does not answer has ended or is busy, which others notice. */
async function readStopped(url: string): Promise<string | undefined> {
  const body = await ask(url).then(
    (response) => response.text(),
    () => '',
  );
  return stoppedIn(body);
}

/** The reason in a readiness body by which a service says that waiting will not help. */
export function stoppedIn(body: string): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined; // the front door's answer is a page
  }
  const checks = typeof answer === 'object' && answer !== null && 'checks' in answer ? answer.checks : [];
  const reasons = (Array.isArray(checks) ? (checks as unknown[]) : []).map((check) =>
    typeof check === 'object' && check !== null && 'reason' in check ? check.reason : undefined,
  );
  return reasons.find(
    (reason): reason is string => typeof reason === 'string' && reason.startsWith('stopped: '),
  );
}
