import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, CatalogWorld } from '../../test/catalog-world.js';

const book = '/api/ledgerline/v1/price-book/entries';
const june = (day: number, hour = 0): string =>
  `2025-06-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`;

describe('what a feature costs, over HTTP', () => {
  let world: CatalogWorld;
  const price = (model: string, tokenType: string, pricePerToken: string, validFrom = june(1)) =>
    world.create(book, { provider: 'acme', model, tokenType, pricePerToken, validFrom });
  const tokens = (time: string, model: string, type: string, n: number | string, subject = 's1') => ({
    type: 'prompt',
    time,
    subject,
    data: { n, model, type },
  });
  /** Asked of raw events and of readings: both must say the same. */
  const ask = async (feature: string, query: Record<string, string>): Promise<Answer> => {
    const path = `/features/${feature}/cost?${new URLSearchParams(query).toString()}`;
    const raw = await world.call('GET', path);
    await world.builder.advance();
    expect(await world.call('GET', path)).toEqual(raw);
    return raw;
  };
  const rows = async (feature: string, query: Record<string, string> = {}) => {
    const answer = await ask(feature, { from: june(1), to: june(30), ...query });
    expect(answer.status).toBe(200);
    return answer.body.data.map((row: Record<string, unknown>) => [
      ...(query['windowSize'] === undefined ? [] : [row['windowStart']]),
      row['usage'],
      row['cost'],
    ]);
  };
  beforeAll(async () => {
    world = await CatalogWorld.open();
    const groupBy = { model: '$.model', type: '$.type' };
    await world.create('/meters', {
      slug: 'tokens',
      aggregation: 'SUM',
      eventType: 'prompt',
      valueProperty: '$.n',
      groupBy,
    });
    await world.create('/meters', { slug: 'calls', aggregation: 'COUNT', eventType: 'call', groupBy });
    await world.create('/meters', {
      slug: 'users',
      aggregation: 'UNIQUE_COUNT',
      eventType: 'call',
      valueProperty: '$.user',
    });
    await price('large', 'input', '0.001');
    await price('large', 'output', '0.003');
    await price('large', 'input', '0.002', june(10, 12));
    await price('small', 'input', '0.0001');
    await world.store([
      tokens(june(2), 'large', 'input', 100),
      tokens(june(2, 1), 'Large-20250101', 'input', '0.5', 's2'),
      tokens(june(10), 'large', 'input', 10),
      tokens(june(10, 11), 'large', 'output', 1),
      tokens(june(10, 12), 'large', 'input', 10),
      tokens(june(20), 'small', 'input', 7, 's2'),
      tokens(june(25), 'unheard-of', 'input', 1, 's3'),
      { type: 'call', time: june(3), data: { user: 'a' } },
      { type: 'call', time: june(4), data: { user: 'a' } },
      { type: 'call', time: june(4), data: { user: 'b' } },
    ]);
    const unitCost = {
      type: 'llm',
      provider: 'acme',
      modelProperty: 'model',
      tokenTypeProperty: 'type',
    };
    await world.create('/features', { key: 'llm', name: 'LLM', meterSlug: 'tokens', unitCost });
    await world.create('/features', {
      key: 'llm_large',
      name: 'Large',
      meterSlug: 'tokens',
      advancedMeterGroupByFilters: { model: { $ilike: 'large%' } },
      unitCost,
    });
  });
  afterAll(() => world.close());

  it('splits usage where a price changes, and adds it up again', async () => {
    // 110.5 × 0.001 + 1 × 0.003 + 10 × 0.002
    const answer = await ask('llm_large', { from: june(1), to: june(30) });
    expect(answer.body).toEqual({
      from: june(1),
      to: june(30),
      currency: 'USD',
      data: [
        {
          usage: '121.5',
          cost: '0.1335',
          currency: 'USD',
          windowStart: june(1),
          windowEnd: june(30),
          groupBy: {},
        },
      ],
    });
  });

  it('cuts a window only where its price changes, and an open question like a closed one', async () => {
    expect(await rows('llm_large', { windowSize: 'DAY' })).toEqual([
      [june(2), '100.5', '0.1005'],
      [june(10), '21', '0.033'],
    ]);
    // Nothing bounds the question: windows reach from the first event to the last.
    const open = (await ask('llm_large', {})).body;
    expect([open.from, open.data]).toEqual([
      undefined,
      [expect.objectContaining({ cost: '0.1335', windowStart: june(2), windowEnd: '2025-06-10T12:01:00Z' })],
    ]);
  });

  it('says which price is missing instead of leaving it out', async () => {
    const [row, ...rest] = (await ask('llm', { from: june(1), to: june(30) })).body.data;
    expect(rest).toEqual([]);
    expect(row).toMatchObject({
      usage: '129.5',
      cost: null,
      detail: 'no price for provider "acme", model "unheard-of", token type "input"',
    });
    expect(await rows('llm', { groupBy: 'model', to: june(22) })).toEqual([
      ['0.5', '0.0005'],
      ['121', '0.133'],
      ['7', '0.0007'],
    ]);
    const early = (await ask('llm', { from: june(1), to: june(3), subject: 's1' })).body.data;
    expect(early).toEqual([expect.objectContaining({ subject: 's1', cost: '0.1', usage: '100' })]);
  });

  it('takes the filters and groups of a meter query besides its own', async () => {
    expect(await rows('llm_large', { 'filterGroupBy[type]': 'output' })).toEqual([['1', '0.003']]);
    const filters = { advancedMeterGroupByFilters: JSON.stringify({ model: { $ne: 'large' } }) };
    expect(await rows('llm_large', filters)).toEqual([['0.5', '0.0005']]);
    const { data } = (await ask('llm_large', { from: june(1), to: june(3), groupBy: 'subject' })).body;
    expect(data.map((row: { subject: string; cost: string }) => [row.subject, row.cost])).toEqual([
      ['s1', '0.1'],
      ['s2', '0.0005'],
    ]);
    world.neighbours.customers.push({ id: '01G65Z755AFWAKHE12NY0CQ9FH', keys: ['s2'] });
    const of = await ask('llm_large', { from: june(1), filterCustomerId: '01G65Z755AFWAKHE12NY0CQ9FH' });
    expect(of.body.data).toEqual([
      expect.objectContaining({ customerId: '01G65Z755AFWAKHE12NY0CQ9FH', cost: '0.0005' }),
    ]);
    for (const [query, status] of [
      ['groupBy=colour', 400],
      ['filterGroupBy[colour]=red', 400],
      ['windowTimeZone=Nowhere&windowSize=DAY', 400],
      [`from=${june(2)}&to=${june(1)}`, 400],
      ['filterCustomerId=nobody', 404],
    ]) {
      expect([query, (await world.call('GET', `/features/llm/cost?${query}`)).status]).toEqual([
        query,
        status,
      ]);
    }
  });

  it('has no price for what is no text, and no trouble with it', async () => {
    await world.store([
      tokens('2024-01-01T00:00:00Z', 'a\u0000b', 'input', 1),
      tokens('2024-01-01T00:00:00Z', 'x'.repeat(5_000), 'input', 1),
    ]);
    const [row] = (await ask('llm', { from: '2024-01-01T00:00:00Z', to: '2024-01-02T00:00:00Z' })).body.data;
    expect(row).toMatchObject({ usage: '2', cost: null, detail: expect.stringContaining('"a\\u0000b"') });
    expect(row.detail.length).toBeLessThan(1_000);
  });

  it('follows the calendar of a zone, and a change within one of its days', async () => {
    expect(await rows('llm_large', { windowSize: 'DAY', windowTimeZone: 'Asia/Kolkata' })).toEqual([
      ['2025-06-01T18:30:00Z', '100.5', '0.1005'],
      ['2025-06-09T18:30:00Z', '21', '0.033'],
    ]);
  });

  it('multiplies by a price of its own, also what does not add up', async () => {
    const unitCost = { type: 'manual', amount: '0.005' };
    await world.create('/features', { key: 'calls', name: 'x', meterSlug: 'calls', unitCost });
    await world.create('/features', { key: 'users', name: 'x', meterSlug: 'users', unitCost });
    expect(await rows('calls', { to: june(2) })).toEqual([['0', '0']]);
    expect(await rows('calls')).toEqual([['3', '0.015']]);
    expect(await rows('users')).toEqual([['2', '0.01']]);
    expect(await rows('users', { windowSize: 'DAY' })).toEqual([
      [june(3), '1', '0.005'],
      [june(4), '2', '0.01'],
    ]);
  });

  it('is answered for an archived feature by its id, and refused where there is nothing to reckon with', async () => {
    const unitCost = { type: 'manual', amount: '2' };
    const plain = await world.create('/features', { key: 'plain', name: 'x', meterSlug: 'tokens' });
    const unmetered = await world.create('/features', { key: 'unmetered', name: 'x', unitCost });
    const old = await world.create('/features', { key: 'old', name: 'x', meterSlug: 'calls', unitCost });
    await world.call('DELETE', '/features/old');
    expect(await rows(old.id, { to: june(4) })).toEqual([['1', '2']]);
    const told = async (id: string) => {
      const { status, body } = await world.call('GET', `/features/${id}/cost`);
      return [status, body.detail];
    };
    expect(await told('old')).toEqual([404, 'feature not found: old']);
    expect(await told(plain.id)).toEqual([400, 'the feature plain has no unit cost']);
    expect(await told(unmetered.key)).toEqual([400, 'the feature unmetered has no meter']);
  });

  it('can be followed by a client, and refuses to be cut into more pieces than a request can wait for', async () => {
    expect((await world.call('GET', '/features/llm_large/cost?clientId=bar')).status).toBe(200);
    expect((await world.call('GET', '/info/progress/bar')).body).toMatchObject({ failed: 0 });
    const unitCost = { type: 'llm', provider: 'acme', model: 'restless', tokenType: 'input' };
    await world.create('/features', { key: 'restless', name: 'x', meterSlug: 'calls', unitCost });
    for (let n = 0; n < 100; n += 1) {
      const validFrom = `2025-06-03T00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}Z`;
      await price('restless', 'input', `0.00${n + 1}`, validFrom);
    }
    const refused = await world.call('GET', `/features/restless/cost?from=${june(1)}`);
    expect([refused.status, refused.body.detail]).toEqual([
      400,
      expect.stringMatching(/more than 100 pieces/),
    ]);
    // Windows that no change falls into need no cut.
    const days = await rows('restless', { from: june(4), windowSize: 'DAY' });
    expect(days).toEqual([[june(4), '2', '0.002']]);
  });
});
