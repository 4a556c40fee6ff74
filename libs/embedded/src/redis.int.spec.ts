import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEngine } from './engine.js';
import { repositoryRoot } from './paths.js';
import { freePortBlock, isPortFree, LOOPBACK } from './ports.js';
import { commandLine, isAlive } from './processes.js';
import { startRedis } from './redis.js';

/** Redis is the quickest engine, so what all launchers share is shown with it. */
describe('the embedded Redis', () => {
  let dir: string;
  let port: number;
  let engine: RunningEngine;
  const options = () => ({ dataDir: join(dir, 'data'), port, logFile: join(dir, 'log') });
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'redis-'));
    port = await freePortBlock(1);
    engine = await startRedis(options());
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(engine.url);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  it('gives up a start that nobody waits for, and leaves nothing running', async () => {
    const other = await freePortBlock(1);
    const given = { dataDir: join(dir, 'given-up'), port: other, logFile: join(dir, 'given-up.log') };
    await expect(startRedis({ ...given, signal: AbortSignal.abort() })).rejects.toThrow(
      'its start was given up',
    );
    expect(await isPortFree(other)).toBe(true);
  });

  it('is set up for jobs: an append-only file, nothing evicted', async () => {
    expect(await ask((redis) => redis.config('GET', 'maxmemory-policy'))).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
    expect(await ask((redis) => redis.config('GET', 'appendonly'))).toEqual(['appendonly', 'yes']);
    expect(await ask((redis) => redis.config('GET', 'bind'))).toEqual(['bind', LOOPBACK]);
  });

  it('keeps its keys through a SIGKILL', async () => {
    await ask((redis) => redis.set('kept', 'yes'));
    process.kill(engine.pid, 'SIGKILL');
    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
    engine = await startRedis(options());
    expect(await ask((redis) => redis.get('kept'))).toBe('yes');
  });

  it('is refused a second time on the same directory', async () => {
    await expect(startRedis({ ...options(), port: await freePortBlock(1) })).rejects.toThrow(
      `already runs on ${join(dir, 'data')} (pid ${engine.pid}`,
    );
  });

  it('names a port that is taken and who holds it', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, LOOPBACK, resolve));
    const { port: taken } = squatter.address() as { port: number };
    try {
      await expect(startRedis({ ...options(), dataDir: join(dir, 'other'), port: taken })).rejects.toThrow(
        new RegExp(`^Redis: port ${taken} on 127\\.0\\.0\\.1 is taken by .*pid ${process.pid}`),
      );
    } finally {
      squatter.close();
    }
  });

  it('says why it ended when it cannot start', async () => {
    await expect(
      startRedis({ ...options(), dataDir: join(dir, 'poor'), port: await freePortBlock(1), maxMemoryMb: -1 }),
    ).rejects.toThrow(/^Redis: ended while starting \(code 1\); see .*maxmemory/s);
  });

  it('ends with a supervisor that was SIGKILLed', async () => {
    const script = `
      import { startRedis } from '${join(repositoryRoot, 'libs/embedded/dist/index.js')}';
      const engine = await startRedis(JSON.parse(process.argv[1]));
      console.log(engine.pid);
      setInterval(() => {}, 1000);`;
    const orphaned = { ...options(), dataDir: join(dir, 'orphan'), port: await freePortBlock(1) };
    const supervisor = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      JSON.stringify(orphaned),
    ]);
    const [printed] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    expect(await commandLine(pid)).toContain(orphaned.dataDir);
    supervisor.kill('SIGKILL');
    const deadline = performance.now() + 15_000;
    while (isAlive(pid)) {
      if (performance.now() > deadline) throw new Error(`Redis ${pid} outlived its supervisor by 15 s`);
      await new Promise((resolve) => setTimeout(resolve, 20)); // tidy: the pause between two looks
    }
    const next = await startRedis(orphaned);
    await next.stop();
  }, 30_000);
});
