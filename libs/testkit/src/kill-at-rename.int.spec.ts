import { startClickhouse, type RunningEngine } from '@ledgerline/embedded';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBlock } from './index.js';
import { killAtRename } from './kill-at-rename.js';

const ROWS = 1_000;

describe('a gateway killed at the commit of a part', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kill-at-rename-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const post = async (engine: RunningEngine, sql: string): Promise<string> => {
    const reply = await fetch(engine.url, { method: 'POST', body: sql });
    return reply.text();
  };

  it.each([
    { n: 1, when: 'before' as const, committed: 0 },
    { n: 1, when: 'after' as const, committed: 1 },
    { n: 3, when: 'before' as const, committed: 2 },
    { n: 3, when: 'after' as const, committed: 3 },
  ])(
    'n = $n, $when the rename: $committed inserts are there afterwards',
    async ({ n, when, committed }) => {
      const options = {
        dataDir: join(dir, `${n}-${when}`),
        port: await freePortBlock(1),
        logFile: join(dir, 'log'),
      };
      const doomed = await startClickhouse({ ...options, env: await killAtRename({ n, when }) });
      try {
        await post(doomed, 'CREATE DATABASE d');
        await post(doomed, 'CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a');
        const insert = `INSERT INTO d.t SELECT number FROM numbers(${ROWS})`;
        for (let done = 1; done < n; done += 1) expect(await post(doomed, insert)).toBe('');
        await expect(post(doomed, insert)).rejects.toThrow();
        expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
      } finally {
        await doomed.stop();
      }

      const engine = await startClickhouse(options);
      try {
        expect(await post(engine, 'SELECT count() FROM d.t')).toBe(`${committed * ROWS}\n`);
      } finally {
        await engine.stop();
      }
    },
    60_000,
  );
});
