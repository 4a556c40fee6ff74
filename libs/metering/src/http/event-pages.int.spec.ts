import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpenMeter } from '@openmeter/sdk';
import fc from 'fast-check';
import { MeteringWorld } from '../../test/metering-world.js';

const path = '/api/v2/events';
const customerId = '01J00000000000000000000001';
const texts = [
  'a',
  'A',
  'ab',
  'Ab',
  'a%b',
  'a_b',
  'axb',
  'a\\b',
  'é',
  'É',
  'a\nb',
  '日本',
  '😀',
  '_',
  '%',
  '\\',
];

/** What the filter operators mean, over again and in few words. */
type Filter = Record<string, any>;
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
function likeModel(text: string, pattern: string, flags: string): boolean {
  let source = '';
  for (let rest = Array.from(pattern), c = rest.shift(); c !== undefined; c = rest.shift()) {
    if (c === '%') source += '[\\s\\S]*';
    else if (c === '_') source += '[\\s\\S]';
    else {
      // A backslash makes % _ \ plain and is itself before anything else.
      if (c === '\\' && ['%', '_', '\\'].includes(rest[0] ?? '')) c = rest.shift() ?? '';
      source += c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, `u${flags}`).test(text);
}
const operators: Record<string, (text: string, value: any) => boolean> = {
  $eq: (text, value) => text === value,
  $ne: (text, value) => text !== value,
  $in: (text, value) => value.includes(text),
  $nin: (text, value) => !value.includes(text),
  $like: (text, value) => likeModel(text, value, ''),
  $nlike: (text, value) => !likeModel(text, value, ''),
  $ilike: (text, value) => likeModel(text, value, 'i'),
  $nilike: (text, value) => !likeModel(text, value, 'i'),
  $gt: (text, value) => Buffer.compare(bytes(text), bytes(value)) > 0,
  $gte: (text, value) => Buffer.compare(bytes(text), bytes(value)) >= 0,
  $lt: (text, value) => Buffer.compare(bytes(text), bytes(value)) < 0,
  $lte: (text, value) => Buffer.compare(bytes(text), bytes(value)) <= 0,
  $and: (text, value) => value.every((one: Filter) => matches(text, one)),
  $or: (text, value) => value.length === 0 || value.some((one: Filter) => matches(text, one)),
};
const matches = (text: string, filter: Filter): boolean =>
  Object.entries(filter).every(([operator, value]) => operators[operator]?.(text, value));

describe('GET /api/v2/events', () => {
  let world: MeteringWorld;
  let sdk: OpenMeter;
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    sdk = new OpenMeter({ baseUrl: world.url });
    world.neighbours.customers.push({ id: customerId, keys: ['acme', 's1'] });
    await world.createMeter({ slug: 'm', eventType: 'usage', aggregation: 'COUNT' });
    await world.store(
      texts.map((text) => ({
        id: text,
        type: 'texts',
        subject: text,
        time: '2025-06-01T00:00:00Z',
        source: 'texts',
      })),
    );
    await world.store([
      // Two whose order of arrival is not that of their times.
      {
        id: 'p1',
        source: 'page',
        time: '2025-05-01T00:00:00Z',
        ingestedAt: '2025-06-10T00:00:00.001Z',
        subject: 's1',
      },
      {
        id: 'p2',
        source: 'page',
        time: '2025-05-02T00:00:00Z',
        ingestedAt: '2025-06-09T00:00:00.002Z',
        subject: 's2',
      },
      {
        id: 'p3',
        source: 'page',
        time: '1950-01-01T00:00:00Z',
        ingestedAt: '2025-06-08T00:00:00Z',
        subject: 's3',
      },
      {
        id: 'p4',
        source: 'page',
        time: '2250-01-01T00:00:00Z',
        ingestedAt: '2025-06-08T00:00:00Z',
        subject: 's4',
      },
      { id: 'p5', source: 'page', time: '2025-05-03T00:00:00Z', namespace: 'theirs' },
      { id: 'p6', source: 'page', time: '2025-05-03T00:00:00Z', status: 'duplicate' },
      // One time, one id: told apart by their source, and one of them came again after the window.
      ...['x', 'y', 'z', 'z'].map((source) => ({
        id: 'same',
        source,
        type: 'tied',
        time: '2025-04-01T00:00:00Z',
      })),
      { id: 'samf', source: 'x', type: 'tied', time: '2025-04-01T00:00:00Z' },
      { id: 'older', source: 'x', type: 'tied', time: '2025-03-31T23:59:59Z' },
    ]);
  });
  afterAll(() => world.close());

  const page = async (filter: Filter | undefined, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({
      ...(filter === undefined ? {} : { filter: JSON.stringify(filter) }),
      ...more,
    });
    return world.get(`${path}?${query.toString()}`);
  };
  const ids = async (filter: Filter, more: Record<string, string> = {}): Promise<string[]> => {
    const answer = await page(filter, more);
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body.items.map(({ event }: any) => event.id);
  };
  const decode = (cursor: string): string => Buffer.from(cursor, 'base64').toString('utf8');
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  const onPage = { source: { $eq: 'page' } };

  it('is ordered by time, newest first, and shows what v1 shows', async () => {
    const { body, status } = await page(onPage);
    expect(status).toBe(200);
    expect(body.items.map(({ event }: any) => event.id)).toEqual(['p4', 'p2', 'p1', 'p3']);
    expect(body.items[2]).toEqual({
      event: {
        id: 'p1',
        source: 'page',
        specversion: '1.0',
        type: 'usage',
        subject: 's1',
        time: '2025-05-01T00:00:00Z',
      },
      customerId,
      ingestedAt: '2025-06-10T00:00:00.001Z',
      storedAt: '2025-06-10T00:00:01.001Z',
    });
    expect(decode(body.nextCursor)).toBe('1950-01-01T00:00:00Z,p3');
  });

  it('is ordered by arrival when filtered by it, and so is its cursor', async () => {
    const filter = { ...onPage, ingestedAt: { $gte: '2025-06-08T00:00:00Z' } };
    expect(await ids(filter)).toEqual(['p1', 'p2', 'p4', 'p3']);
    const first = await page(filter, { limit: '1' });
    expect(decode(first.body.nextCursor)).toBe('2025-06-10T00:00:00.001Z,p1');
    const seen: string[] = [];
    for (let cursor = first.body.nextCursor; cursor !== undefined;) {
      const { body } = await page(filter, { limit: '1', cursor });
      seen.push(...body.items.map(({ event }: any) => event.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(['p2', 'p4', 'p3']);
  });

  it.each([1, 2, 3, 4, 100])('shows every event once in pages of %i, ties and all', async (limit) => {
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ;) {
      const { body } = await page(
        { type: { $eq: 'tied' } },
        { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) },
      );
      pages += 1;
      seen.push(...body.items.map(({ event }: any) => `${event.id} ${event.source}`));
      cursor = body.nextCursor;
      // Present behind the last page too; an empty page ends it.
      expect(cursor === undefined).toBe(body.items.length === 0);
      if (cursor === undefined) break;
    }
    expect(pages).toBe(Math.ceil(6 / limit) + 1);
    expect(seen[0]).toBe('samf x');
    expect(seen.slice(1, 5).sort()).toEqual(['same x', 'same y', 'same z', 'same z']);
    expect(seen.slice(5)).toEqual(['older x']);
  });

  it('takes a cursor of time and id alone, of any time', async () => {
    const tied = { type: { $eq: 'tied' } };
    expect(await ids(tied, { cursor: encode('2025-04-01T00:00:00Z,samf') })).toEqual([
      'same',
      'same',
      'same',
      'same',
      'older',
    ]);
    expect(await ids(tied, { cursor: encode('2025-04-01T02:00:00+02:00,same') })).toEqual(['older']);
    expect(await ids(tied, { cursor: encode('2025-03-31T23:59:59.5Z,a') })).toEqual(['older']);
    expect(await ids(tied, { cursor: encode('2025-04-01T00:00:00Z,with,commas') })).toHaveLength(6);
    expect(await ids(tied, { cursor: encode('9999-12-31T23:59:59Z,a') })).toHaveLength(6);
    expect(await ids(tied, { cursor: encode('0001-01-01T00:00:00Z,a') })).toEqual([]);
  });

  it.each<[Filter, string[]]>([
    [{ customerId: { $in: [customerId] } }, ['p1']],
    [{ customerId: { $in: [] } }, []],
    [{ subject: { $in: ['s1', 's2'] } }, ['p2', 'p1']],
    [{ subject: { $in: [] } }, []],
    [{ subject: {} }, ['p4', 'p2', 'p1', 'p3']],
    [{ time: { $gt: '2025-05-01T00:00:00Z' } }, ['p4', 'p2']],
    [{ time: { $gte: '2025-05-01T00:00:00Z' } }, ['p4', 'p2', 'p1']],
    [{ time: { $lt: '2025-05-01T00:00:00Z' } }, ['p3']],
    [{ time: { $lte: '2025-05-01T00:00:00Z' } }, ['p1', 'p3']],
    [{ time: { $lte: '1970-01-01T00:00:00Z' } }, ['p3']],
    [{ time: { $lt: '1970-01-01T00:30:00Z' } }, ['p3']],
    [{ time: { $and: [{ $gte: '2025-05-01T00:00:00Z' }, { $lt: '2025-05-02T00:00:00Z' }] } }, ['p1']],
    [{ time: { $or: [{ $lt: '1960-01-01T00:00:00Z' }, { $gt: '2200-01-01T00:00:00Z' }] } }, ['p4', 'p3']],
    [{ time: { $lt: '+275000-01-01T00:00:00Z' } }, []],
    [{ ingestedAt: { $lt: '2025-06-09T00:00:00.002Z' } }, ['p4', 'p3']],
    [{ ingestedAt: { $lte: '2025-06-09T00:00:00.002Z' } }, ['p2', 'p4', 'p3']],
  ])('finds by %j', async (filter, expected) => {
    if (JSON.stringify(filter).includes('+275000')) {
      expect((await page(filter)).status).toBe(400); // no RFC 3339
      return;
    }
    expect(await ids({ ...onPage, ...filter })).toEqual(expected);
  });

  it.each<[Filter, string]>([
    [
      { time: { $gt: '2025-05-01T00:00:00Z' }, ingestedAt: { $gt: '2025-05-01T00:00:00Z' } },
      'cannot be used together',
    ],
    [{ subject: { $eq: 'a', $ne: 'b' } }, 'filter.subject: only one filter operator can be set'],
    [
      { subject: { $and: [{ $or: [{ $eq: 'a' }] }] } },
      'filter.subject.$and[0].$or: filters are nested too deep',
    ],
    [{ time: { $gt: '2025-05-01T00:00:00Z', $lt: '2025-05-01T00:00:00Z' } }, 'filter.time: only one'],
    [{ time: { $gt: 'yesterday' } }, 'filter'],
    [{ id: { $regex: 'a' } }, 'unknown filter operator $regex'],
    [{ id: { $eq: 5 } }, 'filter'],
    [{ customerId: { $in: ['01J0000000000000000000000Z'] } }, '01J0000000000000000000000Z'],
    [{ customerId: { $in: ['acme'] } }, 'filter'],
    [{ customerId: { $eq: customerId } }, 'filter.customerId: only $in can be used, not $eq'],
    [{ customerId: { $regex: customerId } }, 'filter.customerId: unknown filter operator $regex'],
    [{ subjekt: { $eq: 'a' } }, 'filter: unknown field subjekt'],
    [{ id: { $in: Array.from({ length: 1001 }, () => 'a') } }, 'filter.id.$in: more than 1000 values'],
  ])('refuses %.100j', async (filter, reason) => {
    const answer = await page(filter);
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(reason)]);
  });

  it.each([
    ['not base64', '###'],
    ['no text', Buffer.from([0xff, 0xfe]).toString('base64')],
    ['no time', encode('yesterday,a')],
    ['no id', encode('2025-04-01T00:00:00Z,')],
    ['no comma', encode('2025-04-01T00:00:00Z')],
    ['no such place', encode('2025-04-01T00:00:00Z,a\x0099999:0:0')],
    ['empty', ''],
  ])('refuses a cursor with %s', async (_, cursor) => {
    expect((await page(undefined, { cursor })).status).toBe(400);
  });

  it.each(['0', '101', '-1', 'x', '1.5'])('refuses a limit of %s', async (limit) => {
    expect((await page(undefined, { limit })).status).toBe(400);
  });

  it.each(['', 'x'.repeat(37)])('refuses the client id %j', async (clientId) => {
    expect((await page(undefined, { clientId })).status).toBe(400);
  });

  it('tells its progress to whoever names the client id', async () => {
    expect((await page(onPage, { clientId: 'page-1' })).status).toBe(200);
    const { body } = await world.get('/api/v1/info/progress/page-1');
    expect(body).toMatchObject({ failed: 0 });
    expect(body.success).toBe(body.total);
  });

  it('answers the SDK, dates and all', async () => {
    // The SDK refuses to write nested objects; the document says that the filter is a JSON text.
    const asText = (filter: Filter): never => JSON.stringify(filter) as never;
    const recent = { ...onPage, time: { $gte: new Date('2025-05-02T00:00:00Z') } };
    const answer = await sdk.events.listV2({ filter: asText(recent), limit: 10 });
    expect(answer?.items.map(({ event }) => event.id)).toEqual(['p4', 'p2']);
    expect(answer?.items[0]?.event.time).toEqual(new Date('2250-01-01T00:00:00Z'));
    const next = { filter: asText(onPage), limit: 10, cursor: answer?.nextCursor ?? '' };
    expect((await sdk.events.listV2(next))?.items.map(({ event }) => event.id)).toEqual(['p1', 'p3']);
  });

  it('takes the filter as a deep object too', async () => {
    const query = 'filter[source][$eq]=page&filter[subject][$in][0]=s1&filter[subject][$in][1]=s4';
    const answer = await world.get(`${path}?${query}`);
    expect(answer.body.items.map(({ event }: any) => event.id)).toEqual(['p4', 'p1']);
  });

  it('filters as a small model says, by every operator', async () => {
    const value = fc.oneof(
      fc.constantFrom(...texts),
      fc.string({ unit: fc.constantFrom('a', 'A', 'b', '%', '_', '\\', 'é', '日'), maxLength: 4 }),
    );
    const plain = fc.oneof(
      ...['$eq', '$ne', '$like', '$nlike', '$ilike', '$nilike', '$gt', '$gte', '$lt', '$lte'].map(
        (operator) => value.map((one) => ({ [operator]: one })),
      ),
      fc.array(value, { maxLength: 3 }).map((values) => ({ $in: values })),
      fc.array(value, { maxLength: 3 }).map((values) => ({ $nin: values })),
      fc.constant({}),
    );
    const filter = fc.oneof(
      plain,
      fc.array(plain, { maxLength: 3 }).map((filters) => ({ $and: filters })),
      fc.array(plain, { maxLength: 3 }).map((filters) => ({ $or: filters })),
    );
    const column = fc.constantFrom('id', 'subject');
    await fc.assert(
      fc.asyncProperty(column, filter, async (name, one) => {
        const expected = texts.filter((text) => matches(text, one)).sort();
        expect((await ids({ source: { $eq: 'texts' }, [name]: one })).sort()).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
