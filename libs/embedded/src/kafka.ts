import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch, type EngineOptions, type RunningEngine } from './engine.js';
import { EngineFault, errnoOf, reasonOf } from './fault.js';
import { fetchJars } from './jars.js';
import { probeKafka } from './kafka-probe.js';
import { privateDir } from './paths.js';
import { LOOPBACK } from './ports.js';

const run = promisify(execFile);
const ENGINE = 'Kafka';
const OLDEST_JAVA = 17;

export interface KafkaOptions extends EngineOptions {
  readonly controllerPort: number;
  /** Heap of the broker; 320 MiB carries the bench of one machine and keeps the idle total under 1.5 GiB. */
  readonly heapMb?: number;
  /** A second door: clients that come in here are told to go on at `advertisedPort`, where a test's proxy listens. */
  readonly detour?: { readonly port: number; readonly advertisedPort: number };
}

/** Starts a single-node KRaft broker. `url` is `host:port` as Kafka clients want it. */
export async function startKafka(options: KafkaOptions): Promise<RunningEngine> {
  await requireJava();
  const jars = await fetchJars();
  await privateDir(options.dataDir);
  const properties = join(options.dataDir, 'server.properties');
  await writeFile(properties, serverProperties(options), { mode: 0o600 });
  const java = javaArguments(jars, options.heapMb ?? 320);
  await formatOnce(java, properties, options);
  return launch(
    {
      name: ENGINE,
      url: `${LOOPBACK}:${options.port}`,
      command: 'java',
      args: [...java, 'kafka.Kafka', properties],
      cwd: options.dataDir,
      morePorts: [options.controllerPort, ...(options.detour === undefined ? [] : [options.detour.port])],
      probe: () => probeKafka(options.port),
    },
    options,
  );
}

function javaArguments(jars: string, heapMb: number): string[] {
  return [
    `-Xmx${heapMb}m`,
    '-Xms64m',
    '-Xss512k',
    // One small heap on few cores: the serial collector needs the least memory and no threads of its own.
    '-XX:+UseSerialGC',
    // Fetched buffers live outside the heap; without a cap they may grow as large as it.
    '-XX:MaxDirectMemorySize=128m',
    '-XX:-UsePerfData',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    '-Djava.awt.headless=true',
    '-cp',
    join(jars, '*'),
  ];
}

function serverProperties(options: KafkaOptions): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${options.controllerPort}`,
    ...listeners(options),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(options.dataDir, 'log'),
    // A misspelt topic must fail, not come into being with one partition.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A handful of groups: 50 partitions each would only slow the start.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    // Longer than any sink outage we tolerate: what was not stored yet must still be here.
    'log.retention.hours': 168,
    'log.segment.bytes': 268_435_456,
    // All events of one request (8 MiB inflated) must fit into one record even if they share a partition.
    'message.max.bytes': 10_485_760,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 2,
    // The default of 128 MiB would be 40 % of this heap; our compacted topics hold thousands of keys.
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'delete.topic.enable': true,
    'controlled.shutdown.enable': true,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function listeners({ port, controllerPort, detour }: KafkaOptions): Record<string, string> {
  const at = (name: string, on: number): string => `${name}://${LOOPBACK}:${on}`;
  const doors = [at('PLAINTEXT', port), ...(detour === undefined ? [] : [at('DETOUR', detour.port)])];
  const advertised = [
    at('PLAINTEXT', port),
    ...(detour === undefined ? [] : [at('DETOUR', detour.advertisedPort)]),
  ];
  return {
    listeners: [...doors, at('CONTROLLER', controllerPort)].join(','),
    'advertised.listeners': advertised.join(','),
    ...(detour !== undefined && {
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,DETOUR:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
    }),
  };
}

async function formatOnce(java: readonly string[], properties: string, options: KafkaOptions): Promise<void> {
  if (await exists(join(options.dataDir, 'log', 'bootstrap.checkpoint'))) return;
  // Behind a letter: one id in 64 would begin with a dash, which the tool reads as an option.
  const clusterId = `L${randomBytes(16).toString('base64url').slice(1)}`;
  const args = ['kafka.tools.StorageTool', 'format', '--ignore-formatted', '-t', clusterId, '-c', properties];
  try {
    await run('java', [...java, ...args], { cwd: options.dataDir });
  } catch (thrown) {
    throw new EngineFault(ENGINE, `preparing ${options.dataDir} failed: ${oneLine(reasonOf(thrown))}`, {
      cause: thrown,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function requireJava(): Promise<void> {
  let banner: string;
  try {
    banner = (await run('java', ['-version'])).stderr;
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    throw new EngineFault(
      ENGINE,
      `the program java was not found; install Java ${OLDEST_JAVA} or newer (Debian: apt install openjdk-17-jre-headless)`,
    );
  }
  const version = javaVersion(banner);
  if (version === undefined || version >= OLDEST_JAVA) return;
  throw new EngineFault(
    ENGINE,
    `java on the PATH is version ${version}; install Java ${OLDEST_JAVA} or newer and put it first`,
  );
}

/** The major version in the output of `java -version`; Java 8 calls itself 1.8. */
export function javaVersion(banner: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(banner)?.[1];
  return found === undefined ? undefined : Number(found);
}

const oneLine = (text: string): string => text.trim().split('\n').slice(-3).join(' | ');
