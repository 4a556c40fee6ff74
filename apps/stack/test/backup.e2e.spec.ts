import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, freePortBlock } from '@ledgerline/testkit';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeBackup } from '../src/backup.js';
import { type Manifest, manifestFile } from '../src/manifest.js';
import { planInstance } from '../src/plan-instance.js';
import { restoreBackup } from '../src/restore.js';
import { type RunningInstance, startInstance } from '../src/start-instance.js';

const portsPerInstance = 13;
const damaged = 'is missing or not what';
const createdAt = new Date('2026-11-21T00:00:00Z');

let dir = '';
let running: RunningInstance | undefined;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledgerline-backup-'));
});
afterAll(async () => {
  await running?.stop();
  await rm(dir, { recursive: true, force: true });
});

const plan = async (name: string) =>
  planInstance(
    { command: 'start', port: await freePortBlock(portsPerInstance), dataDir: join(dir, name), help: false },
    { ...process.env, LEDGERLINE_TELEMETRY_LOG_LEVEL: 'warn' },
  );

async function start(instance: Awaited<ReturnType<typeof plan>>): Promise<string> {
  running = await startInstance(instance, { env: process.env, say: () => undefined });
  return running.baseUrl;
}

async function stop(): Promise<void> {
  await running?.stop();
  running = undefined;
}

async function send(url: string, ids: readonly string[]): Promise<void> {
  const reply = await fetch(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(
      ids.map((id) => ({
        specversion: '1.0',
        id,
        source: 'backup',
        type: 'usage',
        subject: 'acme',
        data: { n: '0.1' },
      })),
    ),
  });
  expect(reply.status).toBe(204);
}

async function call(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(`${url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

/** Signed with a secret that is sealed in Postgres from the first token on. */
const makePortalToken = (url: string): Promise<unknown> =>
  call(url, 'POST', '/api/v1/portal/tokens', { subject: 'acme' });

const sum = async (url: string): Promise<number> =>
  ((await call(url, 'GET', '/api/v1/meters/used/query')) as { data: { value: number }[] }).data[0]?.value ??
  0;

const untilSum = (url: string, wanted: number): Promise<unknown> =>
  eventually(async () => Math.abs((await sum(url)) - wanted) < 1e-9, {
    what: `a sum of ${wanted}`,
    deadlineMs: 60_000,
  });

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `e${from + at}`);

describe('a backup of a whole instance', () => {
  it('brings back elsewhere what there was, and nothing else, and the copy goes on', async () => {
    const first = await plan('first');
    let url = await start(first);
    await call(url, 'POST', '/api/v1/meters', {
      slug: 'used',
      eventType: 'usage',
      aggregation: 'SUM',
      valueProperty: '$.n',
    });
    await call(url, 'POST', '/api/v1/customers', {
      name: 'Acme',
      key: 'acme',
      currency: 'USD',
      usageAttribution: { subjectKeys: ['acme'] },
    });
    await makePortalToken(url);
    await send(url, numbered(0, 500));
    await untilSum(url, 50);
    // Accepted and perhaps not stored yet: the log carries it.
    await send(url, numbered(500, 600));
    await expect(takeBackup(first, join(dir, 'backup'), createdAt)).rejects.toThrow('still runs');
    await stop();

    const taken = await takeBackup(first, join(dir, 'backup'), createdAt);
    expect(taken.files).toBeGreaterThan(100);
    await expect(takeBackup(first, join(dir, 'backup'), createdAt)).rejects.toThrow('is not empty');

    url = await start(first);
    await send(url, numbered(600, 700));
    await untilSum(url, 70);
    const customers = await call(url, 'GET', '/api/v1/customers');
    await expect(restoreBackup(join(dir, 'backup'), first.dataDir)).rejects.toThrow('is not empty');
    await stop();

    const second = await plan('second');
    const restored = await restoreBackup(join(dir, 'backup'), second.dataDir);
    expect(restored).toEqual({ ...taken, createdAt: createdAt.toISOString() });
    url = await start(second);
    await untilSum(url, 60);
    expect(await call(url, 'GET', '/api/v1/customers')).toEqual(customers);
    await makePortalToken(url);
    // Resent ones are known, new ones are counted, once.
    await send(url, numbered(0, 650));
    await untilSum(url, 65);
    await send(url, numbered(650, 651));
    await untilSum(url, 65.1);
    await stop();
  }, 300_000);

  it('is refused when something in it was changed, taken away or added', async () => {
    const backup = join(dir, 'backup');
    const manifest = JSON.parse(await readFile(join(backup, manifestFile), 'utf8')) as Manifest;
    const file = manifest.entries.find((entry) => entry.kind === 'file' && entry.bytes > 100)!;
    const path = join(backup, 'data', file.path);
    const content = await readFile(path);
    const target = join(dir, 'third');
    const refused = async (reason: string): Promise<void> => {
      await expect(restoreBackup(backup, target)).rejects.toThrow(reason);
      expect((await readdir(dir)).filter((name) => name.startsWith('third'))).toEqual([]);
    };
    const changed = Buffer.from(content);
    changed[50] = changed[50]! ^ 1;
    await writeFile(path, changed);
    await refused(damaged);
    await rm(path);
    await refused(damaged);
    await writeFile(path, content);
    await appendFile(join(backup, 'data', 'more'), '');
    await refused(damaged);
    await rm(join(backup, 'data', 'more'));
    const newer = { ...manifest, versions: { ...manifest.versions, clickhouse: '99.0.0' } };
    await writeFile(join(backup, manifestFile), JSON.stringify(newer));
    await refused('newer than');
    await rm(join(backup, manifestFile));
    await refused('no finished backup');
  }, 60_000);

  it('says which engines it cannot copy', async () => {
    const instance = { ...(await plan('first')), localEngines: ['kafka', 'redis'] as const };
    await expect(takeBackup(instance, join(dir, 'other'), createdAt)).rejects.toThrow(
      'clickhouse and postgres of this instance run elsewhere',
    );
  });
});
