import { EngineFault } from '@ledgerline/embedded';
import { claimDataDir } from './data-dir.js';
import { migrate } from './migrate.js';
import { type EngineName, type Instance, serviceEnv } from './plan-instance.js';
import {
  enginePrograms,
  type Program,
  requireServicePorts,
  serviceNames,
  type ServiceName,
  servicePrograms,
} from './programs.js';
import { sealingKeys } from './sealing-key.js';
import { Supervisor } from './supervisor.js';

export interface Instructions {
  readonly only?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  /** Gives the start up: what has started is stopped, and the start fails. */
  readonly signal?: AbortSignal;
}

export interface RunningInstance {
  readonly baseUrl: string;
  readonly startedInMs: number;
  readonly services: readonly ServiceName[];
  /** Resolves with a line when something could not be kept running. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

/** Starts engines, migrates, starts services, in this order. On an error everything that had started is stopped. */
export async function startInstance(
  instance: Instance,
  instructions: Instructions,
): Promise<RunningInstance> {
  const { say, signal } = instructions;
  const wanted = wantedServices(instructions.only);
  const startedAt = performance.now();
  const claim = await claimDataDir(instance.dataDir);
  let fail: (line: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => (fail = resolve));
  const supervisor = new Supervisor({ say, giveUp: fail });

  const engines = enginePrograms(instance, signal);
  let services: readonly (readonly Program[])[] = [];
  const stop = async (): Promise<void> => {
    // The door first, so that nobody is let in to a house that is closing; engines last.
    await supervisor.stopAll([...services, [...engines.values()]]);
    await claim.release();
  };
  try {
    await requireServicePorts(instance, wanted);
    say('Engines (the first start fetches Kafka and Redis with Maven):');
    await supervisor.startAll([...engines.values()]);
    signal?.throwIfAborted();
    const urls = new Map<EngineName, string>(
      [...engines].map(([name, program]) => [name, supervisor.urlOf(program)]),
    );
    const env = {
      ...serviceEnv(instance, urls, instructions.env),
      LEDGERLINE_SECRETS_KEYS: await sealingKeys(instance),
    };
    say('Databases and topics:');
    const migratedAt = performance.now();
    await migrate(instance, env);
    say(`  ✓ ${'migrated'.padEnd(20)} ${((performance.now() - migratedAt) / 1000).toFixed(1).padStart(5)} s`);
    signal?.throwIfAborted();
    say('Services:');
    const programs = servicePrograms(instance, env, signal);
    const chosen = (names: readonly ServiceName[]): Program[] =>
      names.filter((name) => wanted.includes(name)).flatMap((name) => programs.get(name) ?? []);
    services = [chosen(['front-door']), chosen(['ingest', 'api']), chosen(['sink', 'worker'])];
    await supervisor.startAll(services.flat());
  } catch (error) {
    await stop();
    throw error;
  }
  const baseUrl = `http://127.0.0.1:${instance.port}`;
  return { baseUrl, startedInMs: performance.now() - startedAt, services: wanted, failed, stop };
}

function wantedServices(only: readonly string[] | undefined): readonly ServiceName[] {
  if (only === undefined) return serviceNames;
  const unknown = only.filter((name) => !(serviceNames as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new EngineFault(
      'Start',
      `there is no service ${unknown.join(', ')}; there are ${serviceNames.join(', ')}`,
    );
  }
  return serviceNames.filter((name) => only.includes(name));
}
