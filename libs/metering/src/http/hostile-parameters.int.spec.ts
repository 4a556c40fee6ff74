import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boundOperations, type OperationId, operationRow } from '@ledgerline/contract';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BaseRequest, type HostileRequest, type Slot, slotsOf } from '../../test/hostile-slots.js';
import { MeteringWorld } from '../../test/metering-world.js';

/** Texts that end quotes, open calls, name files and addresses, or look like parameters of a statement. */
const corpusFor = (folder: string): readonly string[] => [
  `' OR 1=1 --`,
  `x') UNION ALL SELECT name FROM system.tables --`,
  `"; DROP TABLE canary; --`,
  `'; DROP TABLE canary; --`,
  `x'); INSERT INTO canary VALUES (2); --`,
  '`canary`',
  'x\\',
  `x\\'`,
  `\\\\' , 1`,
  '{p0:String}',
  '{p0:Identifier}',
  '{',
  '}',
  '?',
  '$1',
  ':name',
  'x\0y',
  '\u2019 OR \u201c1\u201d = \uff071\uff07',
  `url('http://127.0.0.1:9/', 'CSV')`,
  `file('${folder}/canary', 'RawBLOB')`,
  `x' INTO OUTFILE '${folder}/stolen`,
  `INTO OUTFILE '${folder}/stolen'`,
  `remote('127.0.0.1', system.one)`,
  '/* x',
  'x -- y',
  '# x',
  `$['a'] OR 1`,
  '$$x$$',
  '%s%n%_*',
  '../../../../etc/passwd',
  '__proto__',
  'constructor',
  '\ud800',
  'a\r\nset-cookie: b=c',
  '\u202e\ufeff\u0301',
  '1e999999',
  '-0',
  'NaN',
  'null',
  '[]',
  '{"$eq":1}',
  '9999-12-31T23:59:59.999999999Z',
  '+275760-09-13T00:00:00Z',
  '',
  ' ',
];
/** Longer than anything that is ever sent on purpose. */
const long = (piece: string): string => piece.repeat(Math.ceil(100_000 / piece.length)).slice(0, 100_000);
const longTexts = [
  'a',
  "'",
  '\\',
  '(',
  '[',
  '$.a',
  "['a']",
  '{"$and":[',
  '%',
  ' ',
  '\u00e9',
  'a,',
  '"',
  ';q="',
].map(long);

const paths: Readonly<Record<string, string>> = {
  meterIdOrSlug: 'm0',
  meterSlug: 'm0',
  groupByKey: 'model',
  id: 'nobody',
  source: 'spec',
};
const bodies: Readonly<Partial<Record<OperationId, () => Record<string, unknown>>>> = {
  createMeter: () => ({
    slug: `h${(created += 1)}`,
    aggregation: 'SUM',
    eventType: 'h',
    valueProperty: '$.n',
  }),
  updateMeter: () => ({}),
  queryMeterPost: () => ({}),
  createPortalToken: () => ({ subject: 's1' }),
  invalidatePortalTokens: () => ({ id: 'nobody' }),
};
let created = 0;

describe('hostile texts in every parameter of every operation', () => {
  let world: MeteringWorld;
  let folder: string;
  let token: string;
  const failures: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ledgerline-'));
    await writeFile(join(folder, 'canary'), 'alive');
    world = await MeteringWorld.open();
    await world.createLog();
    await world.clickhouse.command({ query: 'CREATE TABLE canary (n UInt8) ENGINE = MergeTree ORDER BY n' });
    await world.clickhouse.command({ query: 'INSERT INTO canary VALUES (1)' });
    await world.postgres.query('CREATE TABLE canary (n integer)');
    await world.postgres.query('INSERT INTO canary VALUES (1)');
    const meter = {
      aggregation: 'SUM',
      eventType: 'usage',
      valueProperty: '$.n',
      groupBy: { model: '$.model' },
    };
    await world.createMeter({ ...meter, slug: 'm0' });
    await world.createMeter({ ...meter, slug: 'victim' });
    await world.store([{ time: '2025-06-15T01:00:00Z', subject: 's1', data: { n: 1, model: 'x' } }]);
    await world.builder.advance();
    token = (await world.call('POST', '/api/v1/portal/tokens', { subject: 's1' })).body.token;
  }, 60_000);
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true });
  }, 60_000);

  const baseOf = (id: OperationId): BaseRequest => ({
    path: id === 'deleteMeter' || id === 'updateMeter' ? { meterIdOrSlug: 'victim' } : paths,
    ...(operationRow(id).body === undefined ? {} : { body: bodies[id]?.() ?? {} }),
    ...(id === 'queryPortalMeter' ? { headers: { authorization: `Bearer ${token}` } } : {}),
  });

  async function statusOf({ method, url, headers, body }: HostileRequest): Promise<number> {
    const leaving = new AbortController();
    const reply = await fetch(world.url + url, {
      method,
      headers,
      signal: leaving.signal,
      ...(body === undefined ? {} : { body }),
    });
    // A stream of live values would not end by itself.
    if (reply.headers.get('content-type')?.includes('event-stream') === true) leaving.abort();
    else await reply.arrayBuffer();
    return reply.status;
  }

  async function attack(slot: Slot, text: string): Promise<void> {
    const status = await statusOf(slot.request(baseOf(slot.operation), text));
    if (status >= 500)
      failures.push(`${slot.operation}: ${slot.name}: ${JSON.stringify(text.slice(0, 60))}: ${status}`);
  }

  /** All operations of the room, as its controllers have them; those that fill lists come last. */
  const slots = (): readonly Slot[] => {
    const late = (id: OperationId): boolean => id === 'createMeter';
    const ids = [...boundOperations(world.app)].sort((a, b) => Number(late(a)) - Number(late(b)));
    return ids.flatMap(slotsOf);
  };

  async function attackAll(work: readonly (readonly [Slot, string])[]): Promise<void> {
    failures.length = 0;
    const queue = work.values();
    const lane = async (): Promise<void> => {
      for (const [slot, text] of queue) await attack(slot, text);
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    expect(failures).toEqual([]);
  }

  it('finds every place where a text can stand', () => {
    const names = slots().map(({ operation, name }) => `${operation}: ${name}`);
    expect(names).toEqual(
      expect.arrayContaining([
        'getMeter: path meterIdOrSlug',
        'queryMeter: query windowTimeZone',
        'queryMeter: query subject',
        'queryMeter: query filterGroupBy in brackets .*',
        'queryMeter: query advancedMeterGroupByFilters as JSON .model.$and[].$like',
        'queryMeterPost: body .advancedMeterGroupByFilters.model.$in[]',
        'queryMeterPost: body .filterGroupBy.*[]',
        'createMeter: body .groupBy.*',
        'createMeter: body .valueProperty',
        'listMeterGroupByValues: path groupByKey',
        'listEvents: query id',
        'listEventsV2: query cursor',
        'createPortalToken: body .allowedMeterSlugs[]',
        'queryPortalMeter: query groupBy',
        'getProgress: path id',
      ]),
    );
  });

  it('never break anything', async () => {
    const corpus = corpusFor(folder);
    // Texts go round the places: each operation meets all of them, each place some. Operators of a filter are read by the
    // same few lines, so one each is enough there.
    let turn = 0;
    const next = (): string => corpus[(turn += 7) % corpus.length] ?? '';
    const work = slots().flatMap((slot) =>
      Array.from({ length: slot.name.includes('.$') ? 1 : 4 }, () => [slot, next()] as const),
    );
    await attackAll(work);
    await expectUnharmed();
  }, 300_000);

  it('may be longer than anything', async () => {
    let turn = 0;
    const work = slots()
      .filter(({ name }) => !name.includes('.$and') && !name.includes('.$or'))
      .map((slot) => [slot, longTexts[(turn += 3) % longTexts.length] ?? ''] as const);
    await attackAll(work);
    await expectUnharmed();
  }, 300_000);

  it('leave meters behind that can still be read, listed and built', async () => {
    const meters = await world.get('/api/v1/meters?pageSize=1000');
    expect(meters.body.length).toBeGreaterThan(20);
    await world.store([{ time: '2025-06-15T02:00:00Z', type: 'h', data: { n: 2 } }]);
    await world.builder.advance();
    const events = await world.get('/api/v1/events');
    expect(events.status).toBe(200);
    const counted = meters.body.filter(({ eventType }: { eventType: string }) => eventType === 'h').slice(-5);
    expect(counted).toHaveLength(5);
    for (const { slug } of counted) expect(await world.query(slug)).toMatchObject([{ value: 2 }]);
  }, 60_000);

  async function expectUnharmed(): Promise<void> {
    expect(await world.rows('SELECT n FROM canary')).toEqual([{ n: 1 }]);
    expect(await world.postgres.query('SELECT n FROM canary')).toEqual([{ n: 1 }]);
    expect(await readdir(folder)).toEqual(['canary']);
    expect(await readFile(join(folder, 'canary'), 'utf8')).toBe('alive');
    expect(await world.query('m0')).toMatchObject([{ value: 1 }]);
    const [events] = await world.rows<{ n: string }>('SELECT toString(count()) AS n FROM events');
    expect(events).toEqual({ n: '1' });
  }
});
