import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { launch, type EngineOptions, type RunningEngine } from './engine.js';
import { privateDir } from './paths.js';
import { LOOPBACK } from './ports.js';
import { findRedis } from './redis-binary.js';

const PROBE_TIMEOUT_MS = 2_000;

export interface RedisOptions extends EngineOptions {
  /** Redis refuses writes above it; nothing is evicted, because a lost job is worse than a refused one. */
  readonly maxMemoryMb?: number;
}

/** Starts Redis with an append-only file. `url` is `redis://host:port`. */
export async function startRedis(options: RedisOptions): Promise<RunningEngine> {
  const command = await findRedis();
  await privateDir(options.dataDir);
  const config = join(options.dataDir, 'redis.conf');
  await writeFile(config, redisConfig(options), { mode: 0o600 });
  return launch(
    {
      name: 'Redis',
      url: `redis://${LOOPBACK}:${options.port}`,
      command,
      args: [config],
      cwd: options.dataDir,
      probe: () => ping(options.port),
    },
    options,
  );
}

function redisConfig(options: RedisOptions): string {
  return [
    `bind ${LOOPBACK}`,
    `port ${options.port}`,
    `dir "${options.dataDir}"`,
    'daemonize no',
    // Jobs survive a SIGKILL of Redis; a power cut may cost the last second, which the sweepers find again.
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    `maxmemory ${options.maxMemoryMb ?? 256}mb`,
    // BullMQ demands it.
    'maxmemory-policy noeviction',
    'databases 64',
    // The command line must keep naming the data directory: that is how an orphan is recognised.
    'set-proc-title no',
    '',
  ].join('\n');
}

/** `PONG` comes only after the append-only file was loaded; before that Redis answers LOADING. */
function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, LOOPBACK);
    socket.setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy(new Error('no answer to PING')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Redis closed the connection')));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (chunk) => {
      const answer = chunk.toString('utf8').trim();
      if (answer === '+PONG') resolve();
      else reject(new Error(answer));
      socket.destroy();
    });
  });
}
