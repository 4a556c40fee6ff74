import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { RunningEngine } from './engine.js';
import { freePortBlock } from './ports.js';
import { startPostgres } from './postgres.js';

describe('the embedded Postgres', () => {
  let dir: string;
  let engine: RunningEngine;
  let start: () => Promise<RunningEngine>;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'postgres-'));
    const port = await freePortBlock(1);
    start = () => startPostgres({ dataDir: join(dir, 'data'), port, logFile: join(dir, 'log') });
    engine = await start();
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function query(sql: string, url = engine.url): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('is UTF-8 with byte order, in UTC, and asks for the password of its file', async () => {
    expect(
      await query(
        "SELECT current_database() AS db, current_setting('server_encoding') AS encoding, datcollate AS collation, current_setting('TimeZone') AS zone FROM pg_database WHERE datname = current_database()",
      ),
    ).toEqual([{ db: 'ledgerline', encoding: 'UTF8', collation: 'C', zone: 'UTC' }]);
    const password = await readFile(join(dir, 'data', 'password'), 'utf8');
    expect((await stat(join(dir, 'data', 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'data'))).mode & 0o777).toBe(0o700);
    await expect(query('SELECT 1', engine.url.replace(password, 'guessed'))).rejects.toThrow('password');
  });

  it('keeps what was committed through a SIGKILL', async () => {
    await query('CREATE TABLE kept (n int)');
    await query('INSERT INTO kept SELECT generate_series(1, 1000)');
    process.kill(engine.pid, 'SIGKILL');
    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
    engine = await start();
    expect(await query('SELECT sum(n)::int AS sum FROM kept')).toEqual([{ sum: 500_500 }]);
  }, 60_000);
});
