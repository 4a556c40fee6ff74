import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogWorld } from '../../test/catalog-world.js';

const book = '/api/ledgerline/v1/price-book/entries';

describe('the price book over HTTP', () => {
  let world: CatalogWorld;
  let n = 0;
  let model = '';
  beforeAll(async () => {
    world = await CatalogWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(() => {
    n += 1;
    model = `model-${n}`;
  });
  const body = (rest: Record<string, unknown> = {}) => ({
    provider: 'acme',
    model,
    tokenType: 'input',
    pricePerToken: '0.00000150',
    validFrom: '2025-01-01T00:00:00Z',
    ...rest,
  });
  const inForce = async (at: string): Promise<unknown[]> =>
    (await world.call('GET', `${book}?model=${model}&at=${at}`)).body.items.map(
      ({ pricePerToken }: { pricePerToken: string }) => pricePerToken,
    );

  it('keeps what was valid when', async () => {
    const first = await world.call(
      'POST',
      book,
      body({ model: ` ${model.toUpperCase()} `, reason: 'price list' }),
    );
    expect([first.status, first.body]).toEqual([
      201,
      {
        id: expect.any(String),
        provider: 'acme',
        model,
        tokenType: 'input',
        pricePerToken: '0.0000015',
        currency: 'USD',
        validFrom: '2025-01-01T00:00:00Z',
        recordedAt: '2025-06-15T12:00:00Z',
        recordedBy: expect.any(String),
        reason: 'price list',
      },
    ]);
    await world.create(book, body({ pricePerToken: '1', validFrom: '2025-03-01T00:00:00Z' }));
    await world.create(
      book,
      body({ pricePerToken: '9', tokenType: 'output', validFrom: '2025-02-01T00:00:00Z' }),
    );
    const now = await world.call('POST', book, body({ pricePerToken: '2', validFrom: undefined }));
    expect(now.body.validFrom).toBe('2025-06-15T12:00:00Z');
    expect(await inForce('2024-12-31T23:59:59Z')).toEqual([]);
    expect(await inForce('2025-01-01T00:00:00Z')).toEqual(['0.0000015']);
    expect(await inForce('2025-04-01T00:00:00Z')).toEqual(['1', '9']);
    expect(await inForce('2030-01-01T00:00:00Z')).toEqual(['2', '9']);
    const page = (await world.call('GET', `${book}?provider=Acme&model=${model}&tokenType=input&pageSize=2`))
      .body;
    expect([page.totalCount, page.items.length, page.page, page.pageSize]).toEqual([3, 2, 1, 2]);
    expect(await world.factsOf(`price:${first.body.id}`)).toEqual(['PriceRecorded']);
  });

  it('corrects without forgetting: who, when and why stay', async () => {
    const wrong = await world.create(book, body({ pricePerToken: '15' }));
    await world.create(book, body({ pricePerToken: '1', validFrom: '2024-01-01T00:00:00Z' }));
    const path = `${book}/${wrong.id}/corrections`;
    const answer = await world.call('POST', path, {
      reason: 'per million, not per token',
      pricePerToken: '0.000015',
    });
    expect([answer.status, answer.body]).toMatchObject([
      201,
      { corrects: wrong.id, pricePerToken: '0.000015', validFrom: '2025-01-01T00:00:00Z' },
    ]);
    expect(await inForce('2025-01-01T00:00:00Z')).toEqual(['0.000015']);
    expect((await world.call('POST', path, { reason: 'again', pricePerToken: '3' })).status).toBe(409);
    await world.create(`${book}/${answer.body.id}/corrections`, { reason: 'never held', withdraw: true });
    expect(await inForce('2025-01-01T00:00:00Z')).toEqual(['1']);
    const trail = (await world.call('GET', `${book}?model=${model}&includeSuperseded=true`)).body.items;
    expect(
      trail.map((entry: Record<string, unknown>) => [
        entry['pricePerToken'],
        entry['reason'],
        entry['supersededBy'] !== undefined,
        entry['supersededAt'],
      ]),
    ).toEqual([
      ['1', undefined, false, undefined],
      ['15', undefined, true, '2025-06-15T12:00:00Z'],
      ['0.000015', 'per million, not per token', true, '2025-06-15T12:00:00Z'],
      [null, 'never held', false, undefined],
    ]);
    expect((await world.call('GET', `${book}?model=${model}`)).body.totalCount).toBe(1);
    // The instant is free again.
    expect((await world.call('POST', book, body())).status).toBe(201);
  });

  it('has one price from an instant on, and one correction of an entry, also against requests that race', async () => {
    const statuses = async (ask: () => Promise<{ status: number }>) =>
      (await Promise.all(Array.from({ length: 4 }, ask))).map(({ status }) => status).sort();
    expect(await statuses(() => world.call('POST', book, body()))).toEqual([201, 409, 409, 409]);
    const [entry] = (await world.call('GET', `${book}?model=${model}`)).body.items;
    const path = `${book}/${entry.id}/corrections`;
    let price = 0;
    const correct = () => {
      price += 1;
      return world.call('POST', path, { reason: 'race', pricePerToken: String(price) });
    };
    expect(await statuses(correct)).toEqual([201, 409, 409, 409]);
    const other = await world.create(book, body({ validFrom: '2025-02-01T00:00:00Z' }));
    const onto = { reason: 'onto the other', validFrom: '2025-01-01T00:00:00Z' };
    expect((await world.call('POST', `${book}/${other.id}/corrections`, onto)).status).toBe(409);
    expect((await world.call('GET', `${book}?model=${model}`)).body.totalCount).toBe(2);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another currency', { currency: 'EUR' }, '$.currency'],
    ['a token type nobody has', { tokenType: 'prompt' }, '$.tokenType'],
    ['a negative price', { pricePerToken: '-1' }, '$.pricePerToken'],
    ['a price that is a number', { pricePerToken: 1 }, '$.pricePerToken'],
    ['too many decimals', { pricePerToken: '0.0000000000000000001' }, '$.pricePerToken'],
    ['a part of a second', { validFrom: '2025-01-01T00:00:00.5Z' }, '$.validFrom'],
    ['a blank model', { model: ' ' }, '$.model'],
  ])('refuses %s by name', async (_what, rest, field) => {
    const answer = await world.call('POST', book, body(rest));
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(field)]);
  });

  it('takes hostile words as words', async () => {
    for (const word of [
      "'; DROP TABLE price_book_entries; --",
      '‘{}’',
      '$1',
      '%',
      'constructor',
      '__proto__',
    ]) {
      const created = await world.call('POST', book, body({ model: word }));
      expect([word, created.status]).toEqual([word, 201]);
      const found = await world.call('GET', `${book}?model=${encodeURIComponent(word)}`);
      expect([word, found.body.totalCount]).toEqual([word, 1]);
    }
    expect((await world.call('POST', book, body({ model: 'a\u0000b' }))).status).toBe(400);
    expect(
      (await world.call('POST', `${book}/01G65Z755AFWAKHE12NY0CQ9FH/corrections`, { reason: 'x' })).status,
    ).toBe(404);
  });
});
