import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';

/** Texts that end quotes, open calls, or look like parameters of a statement. */
const hostile = [
  `x' OR 1=1 --`,
  `x') UNION ALL SELECT 1 --`,
  'x" , 1',
  'x`y',
  'x\\',
  `x\\'`,
  '{p0:String}',
  '{x:Identifier}',
  'x; DROP TABLE events',
  'x /* y',
  "url('http://127.0.0.1/')",
  "file('/etc/passwd')",
  "remote('h', 't')",
  'INTO OUTFILE',
  '$$x$$',
  'x\ny\tz\r',
  '’x‘ “y”',
  '?%_*',
  '__proto__',
  'ключ 日本 😀',
  ' ',
];

describe('hostile texts', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open();
  });
  afterAll(() => world.close());

  it.each(hostile.map((text, n) => [text, n] as const))('are texts like others: %j', async (text, n) => {
    const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    const type = `t${n}${text}`;
    const slug = `m${n}`;
    await world.createMeter({
      slug,
      aggregation: 'SUM',
      eventType: type,
      valueProperty: `$['${quoted}'].n`,
      groupBy: { k: `$['k']['${quoted}']` },
    });
    const data = (value: number) => ({ [text]: { n: value }, k: { [text]: text } });
    await world.store([
      {
        type,
        subject: text,
        id: `id${text}`,
        time: '2025-06-10T00:00:00Z',
        dataText: JSON.stringify(data(1)),
      },
      { type, subject: 'other', id: 'other', time: '2025-06-10T00:00:00Z', dataText: '{}' },
    ]);
    for (const built of [false, true]) {
      if (built) await world.builder.advance();
      expect(
        await world.query(slug, { subject: [text], groupBy: ['k'], filterGroupBy: { k: [text] } }),
      ).toMatchObject([{ value: 1, subject: text, groupBy: { k: text } }]);
      expect(await world.query(slug, { advancedMeterGroupByFilters: { k: { $eq: text } } })).toMatchObject([
        { value: 1 },
      ]);
    }
    const encoded = encodeURIComponent(text);
    const listed = await world.get(`/api/v1/events?subject=${encoded}&id=${encoded}`);
    expect(listed.body.map((one: any) => one.event.subject)).toEqual([text]);
  });

  it.each(hostile)('never become a name, a number or a key: %j', async (text) => {
    const encoded = encodeURIComponent(text);
    const refused = [
      `/api/v1/meters/m0/query?windowSize=DAY&windowTimeZone=${encoded}`,
      `/api/v1/meters/m0/query?groupBy=${encoded}`,
      `/api/v1/meters/m0/query?filterGroupBy[${encoded}]=x`,
      `/api/v1/meters/m0/query?from=${encoded}`,
      `/api/v1/meters/m0/query?windowSize=${encoded}`,
      `/api/v1/meters?orderBy=${encoded}`,
      `/api/v1/events?limit=${encoded}`,
      `/api/v1/events?customerId=${encoded}`,
    ];
    for (const url of refused) expect([url, (await world.get(url)).status]).toEqual([url, 400]);
    const missing = await world.get(`/api/v1/meters/${encoded}`);
    expect([400, 404]).toContain(missing.status);
  });

  it('with a NUL, which no subject can hold, are refused by name', async () => {
    const answers = [
      await world.call('POST', '/api/v1/meters/m0/query', { subject: ['a\0b'] }),
      await world.get('/api/v1/events?subject=a%00b'),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain('subject');
    }
  });
});
