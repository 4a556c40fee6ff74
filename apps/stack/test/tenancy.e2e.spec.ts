// Two customers of one installation, as it is started with npm start and auth.mode api-key: nothing of one reaches the other.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { findPostgresUrl } from '@ledgerline/embedded';
import { eventually, NotYet } from '@ledgerline/testkit';
import { Kafka, logLevel } from 'kafkajs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import {
  bodiesOf,
  type Operation,
  operationsOf,
  pathsOf,
  queriesOf,
  type Things,
} from './operation-probe.js';
import { type Reply, TenancyRig } from './tenancy-rig.js';
import { eventsOf, fillNamespace, untilTotal } from './tenancy-things.js';

jest.setTimeout(240_000);

const canary = 'Zebra-canary-7261';
let rig: TenancyRig;
let operations: Operation[];
let alpha: string;
let beta: string;
let operator: string;
let things: Things;
const shown: string[] = [];

beforeAll(async () => {
  rig = await TenancyRig.open();
  const documents = await Promise.all(
    ['/api/swagger.json', '/api/ledgerline/swagger.json'].map((path) => rig.must({ method: 'GET', path })),
  );
  operations = operationsOf(documents);
  const keyOf = (lines: string[]): string => lines.at(-1) ?? '';
  operator = keyOf(
    await rig.keys('create', '--namespace', 'default', '--name', 'op', '--scopes', 'operator'),
  );
  alpha = keyOf(await rig.keys('create', '--namespace', 'alpha', '--name', 'first'));
  const { firstKey } = await rig.must({
    method: 'POST',
    path: '/api/ledgerline/v1/namespaces',
    key: operator,
    body: { namespace: 'beta' },
  });
  beta = firstKey.key;
  shown.push(operator, alpha, beta);
  await Promise.all([alpha, beta].map((key) => rig.untilKnown(key)));
  things = await fillNamespace(rig, alpha, canary);
});
afterAll(() => rig.close());

/** All requests that could touch what the things name. */
function requestsOf(operation: Operation): { path: string; body: unknown }[] {
  return pathsOf(operation, things).flatMap((path) =>
    queriesOf(operation, things).flatMap((query) =>
      bodiesOf(operation, things).map((body: unknown) => ({ path: path + query, body })),
    ),
  );
}

const typeOf = ({ id }: Operation): string =>
  id === 'ingestEvents' ? 'application/cloudevents+json' : 'application/json';

/** Every request of an operation with a key; `see` gets each answer. */
async function ask(
  operation: Operation,
  key: string | undefined,
  see: (reply: Reply, path: string) => void,
): Promise<void> {
  for (const { path, body } of requestsOf(operation)) {
    see(await rig.call({ method: operation.method, path, key, body, type: typeOf(operation) }), path);
  }
}

const isChange = ({ method, id }: Operation): boolean =>
  method !== 'GET' && id !== 'queryMeterPost' && id !== 'simulateInvoice';
const ulids = (text: string): string[] => text.match(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g) ?? [];

/** What alpha sees of its own, without what time alone changes. */
async function alphaSees(): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  for (const operation of operations.filter((one) => !isChange(one) && !one.isOpen)) {
    await ask(operation, alpha, ({ status, text }, path) => {
      if (status < 300) seen.set(`${operation.id} ${path}`, text);
    });
  }
  return seen;
}

describe('a request without a valid key', () => {
  it('is refused by every operation that does not authenticate by itself, whatever is wrong with the key', async () => {
    const other = `${alpha.slice(0, -1)}${alpha.endsWith('x') ? 'y' : 'x'}`;
    const { key: gone, apiKey } = await rig.must({
      method: 'POST',
      path: '/api/ledgerline/v1/api-keys',
      key: alpha,
      body: { name: 'gone', scopes: ['admin'] },
    });
    shown.push(gone);
    const path = `/api/ledgerline/v1/api-keys/${apiKey.id}`;
    expect((await rig.call({ method: 'DELETE', path, key: alpha })).status).toBe(204);
    const open: string[] = [];
    for (const operation of operations) {
      if (operation.isOpen) open.push(operation.id);
      const [request] = requestsOf(operation);
      for (const key of [undefined, other, gone]) {
        const reply = await rig.call({
          method: operation.method,
          key,
          path: request?.path ?? '',
          body: request?.body,
          type: typeOf(operation),
        });
        if (operation.isOpen) expect([operation.id, reply.status >= 400]).toEqual([operation.id, true]);
        else {
          expect([operation.id, reply.status]).toEqual([operation.id, 401]);
          expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
          expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="ledgerline"');
        }
      }
    }
    expect(open.sort()).toEqual(['appStripeWebhook', 'queryPortalMeter']);
  });

  it('still gets the documentation, and 404 for what nobody knows', async () => {
    for (const path of ['/docs', '/api/swagger.json']) {
      expect((await rig.call({ method: 'GET', path })).status).toBe(200);
    }
    expect((await rig.call({ method: 'GET', path: '/api/v1/unicorns' })).status).toBe(404);
    // HEAD comes with each GET.
    expect((await rig.call({ method: 'HEAD', path: '/api/v1/meters' })).status).toBe(401);
  });
});

describe('scopes', () => {
  it('are held to on each service', async () => {
    const make = async (scopes: string[]): Promise<string> => {
      const body = { name: scopes.join(), scopes };
      const path = '/api/ledgerline/v1/api-keys';
      const { key } = await rig.must({ method: 'POST', path, key: beta, body });
      shown.push(key);
      await rig.untilKnown(key);
      return key;
    };
    const status = async (key: string, method: string, path: string, body?: unknown) =>
      (await rig.call({ method, path, key, body })).status;
    const [sender, reader, writer] = [await make(['ingest']), await make(['read']), await make(['write'])];
    expect([(await rig.send(sender, [])).status, await status(sender, 'GET', '/api/v1/meters')]).toEqual([
      400, 403,
    ]);
    expect([(await rig.send(reader, [])).status, await status(reader, 'GET', '/api/v1/meters')]).toEqual([
      403, 200,
    ]);
    expect(await status(reader, 'POST', '/api/v1/meters', {})).toBe(403);
    expect(await status(writer, 'POST', '/api/v1/meters', {})).toBe(400);
    expect(await status(writer, 'GET', '/api/ledgerline/v1/api-keys')).toBe(403);
    const path = '/api/ledgerline/v1/namespaces';
    expect([await status(beta, 'GET', path), await status(operator, 'GET', path)]).toEqual([403, 200]);
    expect(await status(operator, 'GET', '/api/v1/meters')).toBe(403);
    // Nobody lifts a key above the namespace.
    const body = { name: 'x', scopes: ['operator'] };
    expect(await status(beta, 'POST', '/api/ledgerline/v1/api-keys', body)).toBe(400);
    expect(await status(operator, 'POST', path, { namespace: 'beta' })).toBe(409);
  });
});

/** A key's last use is noted to the minute; a delivery that failed is tried again. */
const movesByItself = new Set(['listApiKeys', 'listNotificationEvents', 'getNotificationEvent']);

describe('what one namespace has', () => {
  it('is never seen through another, by no operation and no name, nor changed', async () => {
    const before = await alphaSees();
    const again = await alphaSees();
    // Proof that the probe asks for things that are there: most questions show alpha its canary.
    const showing = new Set(
      [...before].filter(([, text]) => text.includes(canary)).map(([name]) => name.split(' ')[0]),
    );
    for (const id of mustShow) expect([id, showing.has(id)]).toEqual([id, true]);
    const alphaIds = new Set([...before.values()].flatMap(ulids));

    const leaks: string[] = [];
    const answered: Record<string, number> = {};
    // Questions first, while beta has nothing of its own; then everything that changes something, deletions last.
    const rank = (one: Operation): number => (!isChange(one) ? 0 : one.method === 'DELETE' ? 2 : 1);
    for (const operation of [...operations].sort((a, b) => rank(a) - rank(b))) {
      if (operation.isOpen) continue;
      await ask(operation, beta, ({ status, text }, path) => {
        const name = `${operation.method} ${path} ${status}`;
        answered[status] = (answered[status] ?? 0) + 1;
        if (status >= 500 && status !== 501) leaks.push(`${name}: ${text.slice(0, 300)}`);
        if (text.includes(canary)) leaks.push(`${name} shows the canary`);
        if (status < 300 && !isChange(operation)) {
          // What was asked for may be named in the answer; what is there may not.
          const asked = new Set(ulids(decodeURIComponent(path)));
          const strange = ulids(text).filter((id) => alphaIds.has(id) && !asked.has(id));
          if (strange.length > 0) leaks.push(`${name} names ${strange.join(', ')}`);
        }
      });
    }
    expect(leaks).toEqual([]);
    expect(answered[401]).toBeUndefined();
    // Some changes are accepted, as beta's own: the probe does get past validation.
    expect(answered[201] ?? 0).toBeGreaterThan(5);
    const after = await alphaSees();
    const still = [...before].filter(
      // What was another thing a moment ago says the time.
      ([name, text]) => again.get(name) === text && !movesByItself.has(name.split(' ')[0] ?? ''),
    );
    expect(still.length).toBeGreaterThan(before.size / 2);
    for (const [name, text] of still) expect([name, after.get(name)]).toEqual([name, text]);
  });

  it('leaves the lists of another empty', async () => {
    const { firstKey } = await rig.must({
      method: 'POST',
      path: '/api/ledgerline/v1/namespaces',
      key: operator,
      body: { namespace: 'gamma' },
    });
    shown.push(firstKey.key);
    const filled: string[] = [];
    for (const operation of operations.filter(
      ({ method, path }) => method === 'GET' && !path.includes('{'),
    )) {
      const { status, body } = await rig.call({ method: 'GET', path: operation.path, key: firstKey.key });
      const items = Array.isArray(body) ? body : body?.items;
      if (status === 200 && Array.isArray(items) && items.length > 0) filled.push(operation.id);
    }
    // What every namespace begins with, and what is the same for everybody.
    expect(filled.sort()).toEqual([...mayBeFilled].sort());
  });

  it('counts its own events only, though both have the same source and id', async () => {
    const meter = { slug: 'shared_meter', eventType: 'call', aggregation: 'SUM', valueProperty: '$.tokens' };
    const reply = await rig.call({ method: 'POST', path: '/api/v1/meters', key: beta, body: meter });
    expect([200, 409]).toContain(reply.status);
    expect((await rig.send(beta, eventsOf('beta', 1.5))).status).toBe(204);
    await untilTotal(rig, beta, 3);
    await untilTotal(rig, alpha, 42);
  });
});

describe('revoking a key', () => {
  it('is felt within five seconds by ingest under traffic, and by billing', async () => {
    const { key, apiKey } = await rig.must({
      method: 'POST',
      path: '/api/ledgerline/v1/api-keys',
      key: beta,
      body: { name: 'short-lived', scopes: ['write'] },
    });
    shown.push(key);
    await rig.untilKnown(key);
    let revokedAtMs = Infinity;
    const lastFine = { ingest: 0, billing: 0 };
    const refusals = { ingest: 0, billing: 0 };
    const note = (service: 'ingest' | 'billing', status: number, startedAtMs: number): void => {
      if (status === 401) refusals[service] += 1;
      else lastFine[service] = Math.max(lastFine[service], startedAtMs);
    };
    const traffic = async (service: 'ingest' | 'billing', n: number): Promise<void> => {
      for (let i = 0; performance.now() < revokedAtMs + 6_000; i += 1) {
        const startedAtMs = performance.now();
        const event = { specversion: '1.0', id: `${n}-${i}`, source: 'traffic', type: 'x', subject: 's' };
        const reply =
          service === 'ingest'
            ? await rig.send(key, [event])
            : await rig.call({ method: 'GET', path: '/api/v1/meters', key });
        expect([200, 204, 401]).toContain(reply.status);
        note(service, reply.status, startedAtMs);
      }
    };
    const senders = [0, 1, 2].map((n) => traffic('ingest', n));
    const readers = [traffic('billing', 9)];
    await eventually(() => lastFine.ingest > 0 && lastFine.billing > 0, {
      what: 'traffic to flow',
      deadlineMs: 10_000,
    });
    const path = `/api/ledgerline/v1/api-keys/${apiKey.id}`;
    expect((await rig.call({ method: 'DELETE', path, key: beta })).status).toBe(204);
    revokedAtMs = performance.now();
    await Promise.all([...senders, ...readers]);
    expect(lastFine.ingest - revokedAtMs).toBeLessThan(5_000);
    expect(lastFine.billing - revokedAtMs).toBeLessThan(5_000);
    expect(refusals.ingest).toBeGreaterThan(0);
    expect(refusals.billing).toBeGreaterThan(0);
    console.log(
      `revocation felt: ingest after ${Math.max(0, lastFine.ingest - revokedAtMs).toFixed(0)} ms, ` +
        `billing after ${Math.max(0, lastFine.billing - revokedAtMs).toFixed(0)} ms`,
    );
  });

  it('can be done, and seen, from the command line', async () => {
    const lines = await rig.keys('create', '--namespace', 'beta', '--name', 'by hand', '--scopes', 'read');
    const key = lines.at(-1) ?? '';
    shown.push(key);
    const id = ulids(lines.join(' '))[0] ?? '';
    expect((await rig.call({ method: 'GET', path: '/api/v1/meters', key })).status).toBe(200);
    await rig.keys('revoke', '--namespace', 'beta', '--id', id);
    await eventually(
      async () => {
        const { status } = await rig.call({ method: 'GET', path: '/api/v1/meters', key });
        if (status !== 401) throw new NotYet(status);
        return true;
      },
      { what: 'the key to be refused', deadlineMs: 5_000 },
    );
    const listed = (await rig.keys('list', '--namespace', 'beta')).find((line) => line.startsWith(id));
    expect(listed).toContain('revoked');
    expect(listed).toContain(key.slice(0, 10));
  });
});

describe('a key', () => {
  it('stands nowhere: not in Postgres, not in a topic, not in a log', async () => {
    const url = await findPostgresUrl({ dataDir: join(rig.dataDir, 'postgres'), port: rig.port + 6 });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const texts: string[] = [];
    try {
      const { rows } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
      );
      for (const { name } of rows) {
        const dump = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
        texts.push(...dump.rows.map(({ row }) => row));
      }
    } finally {
      await client.end();
    }
    texts.push(...(await readTopics([`api-keys`, `notices`])));
    for (const file of await readdir(join(rig.dataDir, 'logs'))) {
      texts.push(await readFile(join(rig.dataDir, 'logs', file), 'utf8'));
    }
    // The dump does hold the keys' prefixes, so it is the right place to look.
    for (const key of shown) {
      expect(texts.some((text) => text.includes(key.slice(0, 10)))).toBe(true);
      expect(texts.filter((text) => text.includes(key.slice(4, 48)))).toEqual([]);
    }
    expect(texts.filter((text) => /llk_[0-9A-Za-z]{50}/.test(text))).toEqual([]);
  });
});

async function readTopics(topics: string[]): Promise<string[]> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${rig.port + 3}`], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const offsets = (await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)))).flat();
  await admin.disconnect();
  const expected = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  const values: string[] = [];
  const consumer = kafka.consumer({ groupId: 'tenancy-dump', maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      values.push(`${message.key?.toString()} ${message.value?.toString()}`);
      return Promise.resolve();
    },
  });
  await eventually(() => values.length >= expected, { what: `${expected} records`, deadlineMs: 20_000 });
  await consumer.disconnect();
  return values;
}

/** Questions whose answers must show alpha its own canary, or the probe would prove nothing. */
const mustShow = [
  'listMeters',
  'getMeter',
  'listFeatures',
  'getFeature',
  'listCustomers',
  'getCustomer',
  'listPlans',
  'getPlan',
  'getSubscription',
  'listInvoices',
  'getInvoice',
  'listEvents',
  'listApiKeys',
];
/** Lists that are not empty from the start. */
const mayBeFilled = [
  'listApiKeys',
  'listApps',
  'listBillingProfiles',
  'listCurrencies',
  'listMarketplaceListings',
];
