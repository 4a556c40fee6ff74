import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';

describe('GET /api/v1/events', () => {
  let world: MeteringWorld;
  const customerId = '01J00000000000000000000001';
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    world.neighbours.customers.push({ id: customerId, keys: ['acme', 's1'] });
    const meter = { eventType: 'usage', valueProperty: '$.n' };
    await world.createMeter({ ...meter, slug: 'a_sum', aggregation: 'SUM' });
    await world.createMeter({
      ...meter,
      slug: 'b_unique',
      aggregation: 'UNIQUE_COUNT',
      valueProperty: "$['the key']",
    });
    await world.createMeter({ slug: 'c_count', eventType: 'usage', aggregation: 'COUNT' });
    await world.createMeter({ slug: 'd_calls', eventType: 'calls', aggregation: 'COUNT' });
    await world.store([
      {
        id: 'fine-1',
        time: '2025-06-10T00:00:00Z',
        data: { n: 1, 'the key': 'x' },
        ingestedAt: '2025-06-10T00:00:01.250Z',
      },
      { id: 'fine-2', time: '2025-06-11T00:00:00Z', type: 'calls', subject: 's2' },
      { id: '100%_odd', time: '2025-06-12T00:00:00Z', dataText: '{"n":"12abc","the key":null}' },
      { id: 'stray', time: '2025-06-13T00:00:00Z', type: 'nobody reads this', data: {} },
      { id: 'theirs', time: '2025-06-13T00:00:00Z', namespace: 'theirs' },
      { id: 'again', time: '2025-06-13T00:00:00Z', status: 'duplicate' },
    ]);
  });
  afterAll(() => world.close());

  const list = async (query = ''): Promise<any[]> => {
    const answer = await world.get(`/api/v1/events${query}`);
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.anything()]);
    return answer.body;
  };
  const ids = async (query: string): Promise<string[]> => (await list(query)).map(({ event }) => event.id);

  it('shows counted events of the namespace, newest first', async () => {
    expect(await list()).toEqual([
      {
        event: {
          id: 'stray',
          source: 'spec',
          specversion: '1.0',
          type: 'nobody reads this',
          subject: 's1',
          time: '2025-06-13T00:00:00Z',
          datacontenttype: 'application/json',
          data: {},
        },
        customerId,
        ingestedAt: '2025-06-15T12:00:00Z',
        storedAt: '2025-06-15T12:00:01Z',
        validationError: 'no meter found for event type: nobody reads this',
      },
      expect.objectContaining({
        validationError:
          'invalid event: value cannot be parsed as float64: 12abc\ninvalid event: value cannot be null',
      }),
      {
        event: {
          id: 'fine-2',
          source: 'spec',
          specversion: '1.0',
          type: 'calls',
          subject: 's2',
          time: '2025-06-11T00:00:00Z',
        },
        ingestedAt: '2025-06-15T12:00:00Z',
        storedAt: '2025-06-15T12:00:01Z',
        validationError: 'no customer found for event subject: s2',
      },
      {
        event: expect.objectContaining({ id: 'fine-1', data: { n: 1, 'the key': 'x' } }),
        customerId,
        ingestedAt: '2025-06-10T00:00:01.25Z',
        storedAt: '2025-06-10T00:00:02.25Z',
      },
    ]);
  });

  it.each<[string, string[]]>([
    ['?id=fine', ['fine-2', 'fine-1']],
    ['?id=%25_', ['100%_odd']],
    ['?id=', ['stray', '100%_odd', 'fine-2', 'fine-1']],
    ['?subject=s2', ['fine-2']],
    ['?subject=s', []],
    [`?customerId=${customerId}`, ['stray', '100%_odd', 'fine-1']],
    [`?customerId=${customerId}&subject=s2`, []],
    ['?from=2025-06-11T00:00:00Z&to=2025-06-13T00:00:00Z', ['100%_odd', 'fine-2']],
    ['?ingestedAtFrom=2025-06-10T00:00:01.25Z&ingestedAtTo=2025-06-10T00:00:01.251Z', ['fine-1']],
    ['?ingestedAtTo=2025-06-10T00:00:01.25Z', []],
    ['?limit=2', ['stray', '100%_odd']],
  ])('filters by %s', async (query, expected) => expect(await ids(query)).toEqual(expected));

  it.each([
    ['?from=2025-05-14T11:59:59Z', 'from date is too old'],
    ['?to=2025-05-14T00:00:00Z', 'to date is before from'],
    ['?from=2025-06-10T00:00:00Z&to=2025-06-09T00:00:00Z', 'to date is before from'],
    ['?ingestedAtFrom=2025-05-01T00:00:00Z', 'ingestedAtFrom date is too old'],
    ['?ingestedAtFrom=2025-06-10T00:00:00Z&ingestedAtTo=2025-06-09T00:00:00Z', 'ingestedAtTo date is before'],
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?clientId=', 'clientId'],
    ['?customerId=01J0000000000000000000000Z', '01J0000000000000000000000Z'],
    ['?from=yesterday', 'from'],
  ])('refuses %s', async (query, reason) => {
    const answer = await world.get(`/api/v1/events${query}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(reason);
  });

  it('explains every value that a meter cannot read', async () => {
    await world.createMeter({ slug: 'e_sum', eventType: 'odd', aggregation: 'SUM', valueProperty: '$.n' });
    const reasons: [string | undefined, string | undefined][] = [
      [undefined, 'null and missing value property'],
      ['null', 'null and missing value property'],
      ['{}', 'missing value property: "$.n"'],
      ['{"n":null}', 'value cannot be null'],
      ['{"n":"-Inf"}', 'value cannot be infinity'],
      ['{"n":"+infinity"}', 'value cannot be infinity'],
      ['{"n":"nan"}', 'value cannot be NaN'],
      ['{"n":"1.2.3"}', 'value cannot be parsed as float64: 1.2.3'],
      ['{"n":"1e400"}', 'value is outside of what a reading can hold (19 digits before the point): 1e400'],
      [
        '{"n":10000000000000000000}',
        'value is outside of what a reading can hold (19 digits before the point): 10000000000000000000',
      ],
      ['{"n":true}', 'unsupported value property type: bool'],
      ['{"n":[1]}', 'unsupported value property type: array'],
      ['{"n":{"a":1}}', 'unsupported value property type: object'],
      ['{"n":"1e3"}', undefined],
      ['{"n":-0.5}', undefined],
    ];
    await world.store(
      reasons.map(([dataText], n) => ({
        id: `odd${String(n).padStart(2, '0')}`,
        type: 'odd',
        time: '2025-06-14T00:00:00Z',
        ...(dataText === undefined ? {} : { dataText }),
      })),
    );
    const seen = (await list('?id=odd')).filter(({ event }) => event.type === 'odd').reverse();
    expect(seen.map(({ validationError }) => validationError)).toEqual(
      reasons.map(([, reason]) => (reason === undefined ? undefined : `invalid event: ${reason}`)),
    );
  });

  it('shows data as it was sent, to the last digit', async () => {
    const dataSent = '{"n": 0.1234567890123456789, "n2": 1e400, "text": "\\ud83d\\ude00 </script>"}';
    const dataText = '{"n":"0.1234567890123456789","n2":"1e400","text":"😀 </script>"}';
    await world.store([{ id: 'exact', time: '2025-06-14T00:00:00Z', dataText, dataSent }]);
    const answer = await world.get('/api/v1/events?id=exact');
    expect(answer.text).toContain(`"data":${dataSent}}`);
    expect(answer.status).toBe(200);
  });
});
