import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decideIngest, defaultIngestLimits } from '@ledgerline/ingest';
import { MeteringWorld } from '../../test/metering-world.js';

jest.setTimeout(60_000);

/** `data` as a producer writes it: the list must show these very bytes. */
const corpus: readonly (readonly [string, string])[] = [
  ['forty digits', '{"n": 1234567890123456789012345678901234567890}'],
  ['forty decimals', '{"n": 0.1234567890123456789012345678901234567890}'],
  ['an exponent', '{"n": 1e400, "m": 1E-400}'],
  ['a negative zero', '{"n": -0}'],
  ['a lone surrogate', '{"n": 1, "t": "a\\ud800b"}'],
  ['a NUL', '{"n": 1, "t": "a\\u0000b"}'],
  ['repeated keys', '{"n": 1, "n": 1234567890123456789}'],
  ['line separators', '{"n":1,"t":"\u2028\u2029"}'],
  ['a script', '{"n":1,"t":"</script>"}'],
  ['an emoji', '{"n":1,"t":"😀"}'],
  ['a deep array', `{"n":1,"t":${'['.repeat(29)}${']'.repeat(29)}}`],
  ['nothing', '{}'],
];
const times = [
  '1900-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '2106-02-07T06:28:16Z',
  '2299-12-31T23:59:59Z',
];
const names = [
  'ключ',
  '日本 😀',
  "x'); DROP TABLE events --",
  '{p0:String}',
  'a\nb\tc',
  '%2F/..',
  '\u202e',
  '\\',
  '"',
];

describe('events as they were sent', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open();
    await world.createMeter({ slug: 'm', eventType: 'usage', aggregation: 'SUM', valueProperty: '$.n' });
  });
  afterAll(() => world.close());

  /** Through the checks of ingest into the table, as a request and the sink would take it. */
  const send = async (body: string): Promise<void> => {
    const request = { namespace: 'default', mode: 'structured' as const, text: body, rawHeaders: [] };
    const nowMs = Date.parse('2025-06-15T12:00:00Z');
    const decision = decideIngest(request, nowMs, defaultIngestLimits);
    if (decision.refused !== undefined) throw new Error(decision.refused.detail);
    await world.store(
      decision.accepted.map(([, , id, source, type, subject, timeSeconds, data, dataSent]) => ({
        id,
        source,
        type,
        subject,
        time: new Date(timeSeconds * 1000).toISOString(),
        ...(data === null ? {} : { dataText: data }),
        ...(dataSent === null ? {} : { dataSent }),
      })),
    );
  };
  const bodyOf = (event: Record<string, unknown>, data?: string): string => {
    const text = JSON.stringify({
      specversion: '1.0',
      source: 'corpus',
      type: 'usage',
      subject: 's',
      ...event,
    });
    return data === undefined ? text : `${text.slice(0, -1)},"data":${data}}`;
  };
  const listed = async (filter: Record<string, unknown>) =>
    world.get(`/api/v2/events?filter=${encodeURIComponent(JSON.stringify(filter))}`);

  it.each(corpus)('%s, in both lists', async (name, data) => {
    await send(bodyOf({ id: name, time: '2025-06-14T00:00:00Z' }, data));
    const [v1, v2] = [
      await world.get(`/api/v1/events?id=${encodeURIComponent(name)}`),
      await listed({ id: { $eq: name } }),
    ];
    expect([v1.status, v2.status]).toEqual([200, 200]);
    // What holds no odd number is kept as it was understood: the same, without the blanks.
    const shown = v1.text.includes(data) ? data : JSON.stringify(JSON.parse(data));
    expect(v1.text).toContain(`"data":${shown}}`);
    expect(v2.text).toContain(`"data":${shown}}`);
    if (/\d{17}|[eE]-?\d|ud800/.test(data)) expect(shown).toBe(data);
  });

  it.each(times)('of %s', async (time) => {
    await send(bodyOf({ id: time, time }, '{"n":1}'));
    const { body } = await listed({ id: { $eq: time }, time: { $and: [{ $gte: time }, { $lte: time }] } });
    expect(body.items.map(({ event }: any) => event.time)).toEqual([time]);
    const older = await listed({ source: { $eq: 'corpus' }, time: { $lte: time } });
    const newer = await listed({ source: { $eq: 'corpus' }, time: { $gte: time } });
    for (const { body: found } of [older, newer]) {
      expect(found.items.map(({ event }: any) => event.id)).toContain(time);
    }
  });

  it.each(names)('named %j', async (name) => {
    await send(bodyOf({ id: name, source: name, type: name, subject: name, time: '2025-06-14T00:00:00Z' }));
    for (const field of ['id', 'source', 'type', 'subject']) {
      const { body } = await listed({ [field]: { $eq: name } });
      const shown = body.items.map(({ event }: any) => [event.id, event.source, event.type, event.subject]);
      expect(shown).toEqual([[name, name, name, name]]);
    }
    const path = `/api/ledgerline/v1/events/${encodeURIComponent(name)}/${encodeURIComponent(name)}/status`;
    expect((await world.get(path)).body).toMatchObject({
      id: name,
      source: name,
      sendings: [{ status: 'ok' }],
    });
  });

  it('with hundreds of meters to read them', async () => {
    for (let n = 0; n < 150; n += 1) {
      const meter = { slug: `many_${n}`, eventType: `many ${n % 50}`, valueProperty: `$.v${n}` };
      await world.createMeter({ ...meter, aggregation: 'SUM' });
    }
    await send(bodyOf({ id: 'many', type: 'many 7', time: '2025-06-14T00:00:00Z' }, '{"v57":1}'));
    const { body } = await listed({ id: { $eq: 'many' } });
    expect(body.items[0].validationError).toBe(
      'invalid event: missing value property: "$.v107"\ninvalid event: missing value property: "$.v7"\n' +
        'no customer found for event subject: s',
    );
  });
});
