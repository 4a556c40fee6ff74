import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { launch, type EngineOptions, type RunningEngine } from './engine.js';
import { EngineFault, errnoOf, reasonOf } from './fault.js';
import { privateDir } from './paths.js';
import { LOOPBACK } from './ports.js';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.js';
import { disguiseFor, type Disguise } from './postgres-user.js';

const run = promisify(execFile);
const ENGINE = 'Postgres';
const USER = 'ledgerline';
const PROBE_TIMEOUT_MS = 2_000;

export interface PostgresOptions extends EngineOptions {
  /** Page cache of Postgres itself; small because the system's cache does most of the work here. */
  readonly sharedBuffersMb?: number;
}

/**
 * Starts Postgres with the database `ledgerline`. `url` is `postgres://user:password@host:port/ledgerline`; the
 * password is generated once and kept in `<dataDir>/password` (0600).
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningEngine> {
  const binaries = await findPostgres();
  await privateDir(options.dataDir);
  const cluster = join(options.dataDir, 'cluster');
  const password = await passwordOf(options.dataDir);
  const disguise = await disguiseFor(options.dataDir, binaries.home);
  await initialiseOnce({ cluster, password, binaries, disguise, dataDir: options.dataDir });
  const { command, args } = disguise.wrap(binaries.postgres, ['-D', cluster, ...serverFlags(options)]);
  const engine = await launch(
    {
      name: ENGINE,
      url: urlOf(options.port, password, USER),
      command,
      args,
      cwd: options.dataDir,
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      ...(disguise.uid === undefined ? {} : { uid: disguise.uid, gid: disguise.gid }),
      probe: () => selectOne(urlOf(options.port, password, 'postgres')),
      // Fast shutdown: open connections are cut, committed work is kept.
      stopSignal: 'SIGINT',
    },
    options,
  );
  await createDatabaseOnce(engine, urlOf(options.port, password, 'postgres'));
  return engine;
}

/** Where a Postgres that `startPostgres` runs is reached; undefined when there never was one in this directory. */
export async function findPostgresUrl(options: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<string | undefined> {
  try {
    const password = await readFile(join(options.dataDir, 'password'), 'utf8');
    return urlOf(options.port, password.trim(), USER);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

const urlOf = (port: number, password: string, database: string): string =>
  `postgres://${USER}:${password}@${LOOPBACK}:${port}/${database}`;

function serverFlags(options: PostgresOptions): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: LOOPBACK,
    port: options.port,
    // No socket file: loopback TCP is the only door.
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: `${options.sharedBuffersMb ?? 32}MB`,
    // Serves neither replication nor many cores: no idle helper processes.
    max_wal_senders: 0,
    wal_level: 'minimal',
    max_parallel_workers: 2,
    io_method: 'sync',
    // In the cluster's own directory: the memory file system would keep the segments of a killed server for ever.
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
}

async function passwordOf(dataDir: string): Promise<string> {
  const path = join(dataDir, 'password');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  }
  const password = randomBytes(24).toString('hex');
  await writeFile(path, password, { mode: 0o600, flag: 'wx' });
  return password;
}

/** Prepared aside and renamed: an initdb that was killed must not look like a cluster. */
async function initialiseOnce(plan: {
  cluster: string;
  password: string;
  binaries: PostgresBinaries;
  disguise: Disguise;
  dataDir: string;
}): Promise<void> {
  const { cluster, password, binaries, disguise, dataDir } = plan;
  if (await isCluster(cluster)) return;
  const work = await mkdtemp(join(dataDir, '.initdb-'));
  const passwordFile = join(work, 'password');
  const fresh = join(work, 'cluster');
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    await disguise.own(work);
    const { command, args } = disguise.wrap(binaries.initdb, [
      `--pgdata=${fresh}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ]);
    await run(command, [...args], {
      cwd: dataDir,
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      ...(disguise.uid === undefined ? {} : { uid: disguise.uid, gid: disguise.gid }),
    });
    await rename(fresh, cluster);
  } catch (thrown) {
    const lines = reasonOf(thrown).trim().split('\n').slice(-3).join(' | ');
    throw new EngineFault(ENGINE, `preparing ${cluster} failed: ${lines}`, { cause: thrown });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function isCluster(path: string): Promise<boolean> {
  try {
    await readFile(join(path, 'PG_VERSION'));
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function selectOne(url: string): Promise<void> {
  await withClient(url, (client) => client.query('SELECT 1'));
}

async function createDatabaseOnce(engine: RunningEngine, url: string): Promise<void> {
  try {
    await withClient(url, async (client) => {
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [USER]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(USER)}`);
    });
  } catch (thrown) {
    await engine.stop();
    throw new EngineFault(ENGINE, `creating the database ${USER} failed: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  // A connection cut while idle reports here as well; the awaited call below carries the reason.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
