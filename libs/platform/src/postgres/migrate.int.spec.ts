import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Isolated, isolated } from '@ledgerline/testkit';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { findMigrationTrouble, migrate } from './migrate.js';
import { readMigrations } from './read-migrations.js';

let corner: Isolated;
let client: pg.Client;
let root = '';

beforeAll(async () => {
  corner = await isolated();
  client = new pg.Client({ connectionString: corner.postgresUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await corner.dispose();
});
beforeEach(async () => {
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  root = mkdtempSync(join(tmpdir(), 'ledgerline-migrations-'));
  write('system/migrations/postgres/001-second.sql', 'CREATE TABLE second (id int REFERENCES first (id));');
  write('platform/migrations/postgres/001-first.sql', 'CREATE TABLE first (id int PRIMARY KEY);');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, sql: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `-- why: a test\n${sql}\n`);
}
const statements: string[] = [];
const run = () =>
  migrate({
    postgresUrl: corner.postgresUrl,
    migrations: readMigrations(root),
    clickhouse: (statement) => {
      statements.push(statement);
      return Promise.resolve();
    },
  });
const trouble = () =>
  findMigrationTrouble(async (sql) => (await client.query<object>(sql)).rows, readMigrations(root));

describe('migrate', () => {
  it('applies rooms downward, once', async () => {
    expect(await trouble()).toBe('the database has never been migrated');
    expect(await run()).toEqual(['platform postgres 001-first', 'system postgres 001-second']);
    expect(await run()).toEqual([]);
    expect(await trouble()).toBeUndefined();
  });

  it('applies what a newer version adds, and readiness names it until then', async () => {
    await run();
    write('platform/migrations/postgres/002-more.sql', 'CREATE TABLE more (id int);');
    expect(await trouble()).toBe(
      '1 migrations are missing, first platform postgres 002-more: run the migration',
    );
    expect(await run()).toEqual(['platform postgres 002-more']);
  });

  it('lets runners at the same time apply everything once', async () => {
    const applied = await Promise.all([run(), run(), run()]);
    expect(applied.flat()).toHaveLength(2);
  });

  it('refuses data of a newer version', async () => {
    write('platform/migrations/postgres/002-future.sql', 'CREATE TABLE future (id int);');
    await run();
    rmSync(join(root, 'platform/migrations/postgres/002-future.sql'));
    const message = /written by a newer version of Ledgerline \(it has platform postgres 002-future\)/;
    await expect(run()).rejects.toThrow(message);
    expect(await trouble()).toMatch(message);
  });

  it('refuses a migration that was changed after it had been applied', async () => {
    await run();
    write('platform/migrations/postgres/001-first.sql', 'CREATE TABLE first (id bigint PRIMARY KEY);');
    await expect(run()).rejects.toThrow('platform postgres 001-first was changed after it had been applied');
  });

  it('leaves nothing of a migration that fails, names it, and goes on once it is repaired', async () => {
    write('system/migrations/postgres/002-bad.sql', 'CREATE TABLE half (id int); SELECT nonsense;');
    await expect(run()).rejects.toThrow(/^system postgres 002-bad failed: column "nonsense" does not exist/);
    write('system/migrations/postgres/002-bad.sql', 'CREATE TABLE half (id int);');
    expect(await run()).toEqual(['system postgres 002-bad']);
  });

  it('splits ClickHouse files at semicolons that end a line', async () => {
    statements.length = 0;
    write(
      'sink/migrations/clickhouse/001-events.sql',
      `CREATE TABLE a (x String DEFAULT ';') ENGINE = Memory;\n-- a comment; with a semicolon\nCREATE TABLE b (\n  y Int8\n) ENGINE = Memory;`,
    );
    await run();
    expect(statements).toEqual([
      `CREATE TABLE a (x String DEFAULT ';') ENGINE = Memory`,
      'CREATE TABLE b (\n  y Int8\n) ENGINE = Memory',
    ]);
    expect(await run()).toEqual([]);
  });

  it.each([
    ['platform/migrations/postgres/003-gap.sql', 'expected 002-<name>.sql'],
    ['attic/migrations/postgres/001-x.sql', 'a room that roomsDownward does not list: attic'],
  ])('refuses the file %s', (path, message) => {
    write(path, '');
    expect(() => readMigrations(root)).toThrow(message);
  });
});
