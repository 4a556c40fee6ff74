import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSealer, newSealingKey } from '@ledgerline/platform/secrets';
import { decodeJwt, SignJWT } from 'jose';
import { MeteringWorld } from '../../test/metering-world.js';

const encoder = new TextEncoder();
const sealingKey = newSealingKey();
const sealer = createSealer(sealingKey);

describe('the portal over HTTP', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open({
      now: '2025-06-15T12:00:00Z',
      env: { LEDGERLINE_SECRETS_KEYS: sealingKey },
    });
    const meter = {
      aggregation: 'SUM',
      eventType: 'usage',
      valueProperty: '$.n',
      groupBy: { model: '$.model' },
    };
    await world.createMeter({ ...meter, slug: 'tokens' });
    await world.createMeter({ ...meter, slug: 'calls' });
    const time = '2025-06-15T01:00:00Z';
    await world.store([
      { time, subject: 's1', data: { n: 1, model: 'x' } },
      { time, subject: 's1', data: { n: 2, model: 'y' } },
      { time, subject: 's2', data: { n: 4, model: 'x' } },
      { time, subject: 's1', namespace: 'other', data: { n: 8, model: 'x' } },
    ]);
  });
  afterAll(() => world.close());

  const create = (body: unknown) => world.call('POST', '/api/v1/portal/tokens', body);
  const tokenFor = async (body: Record<string, unknown> = {}): Promise<{ id: string; token: string }> => {
    const answer = await create({ subject: 's1', ...body });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body;
  };
  const ask = (
    token: string | undefined,
    query = '',
    slug = 'tokens',
    headers: Record<string, string> = {},
  ) =>
    world.get(`/api/v1/portal/meters/${slug}/query${query}`, {
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    });
  const secretOf = async (namespace = 'default'): Promise<string> => {
    const rows = await world.postgres.query('SELECT secret FROM portal_secrets WHERE namespace = $1', [
      namespace,
    ]);
    return sealer.open(`${namespace}/portal`, rows[0].secret);
  };

  it('makes tokens of the form that clients of the original read, and keeps no token', async () => {
    const { status, body } = await create({ subject: 's1', allowedMeterSlugs: ['tokens'] });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      subject: 's1',
      allowedMeterSlugs: ['tokens'],
      createdAt: '2025-06-15T12:00:00Z',
      expiresAt: '2025-06-15T13:00:00Z',
      token: expect.any(String),
    });
    expect(decodeJwt(body.token)).toEqual({
      iss: 'openmeter',
      sub: 's1',
      iat: Date.parse('2025-06-15T12:00:00Z') / 1000,
      exp: Date.parse('2025-06-15T13:00:00Z') / 1000,
      Namespace: 'default',
      Id: body.id,
      AllowedMeterSlugs: ['tokens'],
    });
    const tables = await world.postgres.query('SELECT row_to_json(t)::text AS row FROM portal_tokens t');
    for (const { row } of tables) expect(row).not.toContain(body.token.split('.')[2]);
    expect((await create({ subject: 's1', expiresAt: '2025-06-15T12:10:00Z' })).body).toMatchObject({
      expiresAt: '2025-06-15T12:10:00Z',
      allowedMeterSlugs: [],
    });
  });

  it.each<[number, Record<string, unknown>]>([
    [400, { subject: '' }],
    [400, { subject: undefined }],
    [400, { allowedMeterSlugs: [] }],
    [400, { expiresAt: '2025-06-15T11:59:59Z' }],
    [400, { expiresAt: '2025-06-15T13:00:01Z' }],
    [400, { expiresAt: 'tomorrow' }],
    [400, { expiresAt: 7 }],
    [404, { allowedMeterSlugs: ['tokens', 'nowhere'] }],
  ])('refuses with %i to make one of %j', async (status, body) => {
    expect((await create({ subject: 's1', ...body })).status).toBe(status);
  });

  it('answers the usage of the subject alone, in every form a meter query has', async () => {
    const { token } = await tokenFor();
    const plain = await ask(token);
    expect(plain.status).toBe(200);
    expect(plain.body.data).toMatchObject([{ value: 3, subject: 's1', groupBy: {} }]);
    const windows = await ask(
      token,
      '?from=2025-06-15T00:00:00Z&to=2025-06-16T00:00:00Z&windowSize=DAY&windowTimeZone=Asia/Kolkata&groupBy=model&clientId=p',
    );
    expect(windows.body.data).toMatchObject([
      { value: 1, subject: 's1', windowStart: '2025-06-14T18:30:00Z', groupBy: { model: 'x' } },
      { value: 2, subject: 's1', groupBy: { model: 'y' } },
    ]);
    expect((await ask(token, '?filterGroupBy[model]=y')).body.data).toMatchObject([{ value: 2 }]);
    expect((await ask(token, '?subject=s2')).body.data).toMatchObject([{ value: 3, subject: 's1' }]);
    expect((await ask(token, '', 'nowhere')).status).toBe(404);
    expect((await ask(token, '?groupBy=nothing')).status).toBe(400);
    expect((await world.get('/api/v1/info/progress/p')).status).toBe(404);
    const csv = await ask(token, '', 'tokens', { accept: 'text/csv' });
    expect(csv.headers['content-type']).toBe('text/csv');
    expect(csv.text).toMatch(/^window_start,window_end,subject,value\n.*,s1,3\.000000\n$/);
  });

  it('refuses each wrong credential by its own words', async () => {
    const { token } = await tokenFor({ allowedMeterSlugs: ['calls'] });
    const secret = encoder.encode(await secretOf());
    const sign = (claims: Record<string, unknown>, key = secret) =>
      new SignJWT({
        iss: 'openmeter',
        sub: 's1',
        exp: 4_000_000_000,
        Namespace: 'default',
        Id: 'x',
        ...claims,
      })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(key);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
    const cases: [string | undefined, string | RegExp][] = [
      [undefined, 'missing authorization header'],
      ['a b', 'invalid authorization header'],
      ['abc', /^invalid token: /],
      [none, /^invalid token: /],
      [`${token.slice(0, -4)}AAAA`, /^invalid token: /],
      [await sign({}, encoder.encode('another secret, long enough for it')), /^invalid token: /],
      [await sign({ iss: 'somebody' }), /^invalid token: /],
      [await sign({ exp: undefined }), /^invalid token: /],
      [await sign({ exp: 1_000 }), 'invalid token: token is expired'],
      [await sign({ Namespace: 'other' }), /^invalid token: /],
      [await sign({ Namespace: 'a\0b' }), /^invalid token: /],
      [await sign({ Id: 'never made' }), /^invalid token: /],
      [await sign({ sub: '' }), 'invalid subject'],
      [token, 'meter slug not allowed'],
    ];
    for (const [credential, detail] of cases) {
      const { status, body, headers } = await ask(credential);
      expect([credential, status, body.title]).toEqual([credential, 401, 'Unauthorized']);
      expect(body.detail).toEqual(typeof detail === 'string' ? detail : expect.stringMatching(detail));
      expect(headers['content-type']).toBe('application/problem+json');
    }
    const basic = await world.get('/api/v1/portal/meters/tokens/query', { authorization: 'Basic abc' });
    expect([basic.status, basic.body.detail]).toEqual([401, 'invalid authorization header']);
    expect((await ask(token, '', 'calls')).status).toBe(200);
  });

  it('lists tokens newest first without themselves, and takes them back by id or subject', async () => {
    world.clock.set('2025-06-15T12:30:00Z');
    const mine = await tokenFor({ subject: 'listed', expiresAt: '2025-06-15T12:31:00Z' });
    const later = await tokenFor({ subject: 'listed' });
    const all = await world.get('/api/v1/portal/tokens?limit=2');
    expect(all.body.map((one: { id: string }) => one.id).sort()).toEqual([later.id, mine.id].sort());
    for (const one of all.body) expect(Object.keys(one)).not.toContain('token');
    world.clock.set('2025-06-15T12:32:00Z');
    const ended = (await world.get('/api/v1/portal/tokens')).body;
    expect(ended.find((one: { id: string }) => one.id === mine.id).expired).toBe(true);
    expect(ended.find((one: { id: string }) => one.id === later.id).expired).toBeUndefined();
    const invalidate = (body: unknown) => world.call('POST', '/api/v1/portal/tokens/invalidate', body);
    expect((await invalidate({})).status).toBe(400);
    expect((await invalidate(undefined)).status).toBe(400);
    expect((await invalidate({ id: later.id, subject: 'somebody else' })).status).toBe(204);
    expect((await ask(later.token)).status).toBe(200);
    expect((await invalidate({ id: later.id })).status).toBe(204);
    expect((await ask(later.token)).body).toMatchObject({
      status: 401,
      detail: expect.stringMatching(/^invalid token: /),
    });
    const third = await tokenFor({ subject: 'listed' });
    expect((await invalidate({ subject: 'listed' })).status).toBe(204);
    expect((await ask(third.token)).status).toBe(401);
    expect((await invalidate({ id: 'unknown' })).status).toBe(204);
    const left = (await world.get('/api/v1/portal/tokens?limit=100')).body;
    expect(left.filter((one: { subject: string }) => one.subject === 'listed')).toEqual([]);
    const facts = await world.postgres.query(
      `SELECT stream FROM journal WHERE type = 'PortalTokenInvalidated'`,
    );
    expect(facts).toHaveLength(3);
  });

  it('forgets tokens a day after their end', async () => {
    await tokenFor({ subject: 'forgotten', expiresAt: '2025-06-15T12:40:00Z' });
    world.clock.set('2025-06-17T12:40:01Z');
    await tokenFor();
    const rows = await world.postgres.query(`SELECT id FROM portal_tokens WHERE subject = 'forgotten'`);
    expect(rows).toEqual([]);
  });

  it('signs for each namespace with a key of its own, the same in all processes', async () => {
    const other = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    try {
      const made = await Promise.all(
        Array.from({ length: 5 }, () => other.call('POST', '/api/v1/portal/tokens', { subject: 's' })),
      );
      expect(made.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      await other.createMeter({ slug: 'tokens', aggregation: 'COUNT', eventType: 'usage' });
      for (const { body } of made) {
        const answer = await other.get('/api/v1/portal/meters/tokens/query', {
          authorization: `Bearer ${body.token}`,
        });
        expect(answer.status).toBe(200);
      }
      expect((await ask(made[0]?.body.token)).status).toBe(401);
    } finally {
      await other.close();
    }
  }, 60_000);

  // Opens databases of its own, which takes seconds on a busy machine.
  it('keeps the signing key sealed, and says so when it cannot or when it is switched off', async () => {
    const [{ secret }] = await world.postgres.query('SELECT secret FROM portal_secrets');
    expect(secret).toMatch(/^v1\./);
    for (const env of [{ LEDGERLINE_SECRETS_KEYS: '' }, { LEDGERLINE_PORTAL_ENABLED: 'false' }]) {
      const other = await MeteringWorld.open({ env });
      try {
        const made = await other.call('POST', '/api/v1/portal/tokens', { subject: 's1' });
        expect([made.status, (await other.get('/api/v1/portal/tokens')).status]).toEqual([501, 501]);
        const { token } = await tokenFor();
        const asked = await other.get('/api/v1/portal/meters/tokens/query', {
          authorization: `Bearer ${token}`,
        });
        expect(asked.status).toBe(401);
      } finally {
        await other.close();
      }
    }
    const configured = await MeteringWorld.open({
      now: '2025-06-15T12:00:00Z',
      env: {
        LEDGERLINE_SECRETS_KEYS: '',
        LEDGERLINE_PORTAL_TOKEN_SECRET: 'a secret of the configuration file, long',
        LEDGERLINE_PORTAL_TOKEN_EXPIRATION_SECONDS: '7200',
      },
    });
    try {
      const { body } = await configured.call('POST', '/api/v1/portal/tokens', { subject: 's1' });
      expect(body.expiresAt).toBe('2025-06-15T14:00:00Z');
      const authorization = `Bearer ${body.token}`;
      expect((await configured.get('/api/v1/portal/meters/tokens/query', { authorization })).status).toBe(
        404,
      );
    } finally {
      await configured.close();
    }
  }, 60_000);

  describe('and web pages', () => {
    const origin = 'https://shop.example';
    const preflight = (path: string) =>
      world.call('OPTIONS', path, undefined, {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      });

    it('answers a preflight without a token', async () => {
      const { status, headers, text } = await preflight('/api/v1/portal/meters/tokens/query');
      expect([status, text]).toEqual([204, '']);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, OPTIONS',
        'access-control-allow-headers': 'Accept, Authorization, Content-Type',
        'access-control-max-age': '1728000',
      });
    });

    it('lets the page read answers and refusals', async () => {
      const { token } = await tokenFor();
      for (const credential of [token, undefined, 'abc']) {
        const { headers } = await ask(credential, '', 'tokens', { origin });
        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['vary']).toContain('Origin');
      }
    });

    it('is closed everywhere else, where OPTIONS stays a method that nobody takes', async () => {
      for (const path of ['/api/v1/meters', '/api/v1/portal/tokens', '/api/v1/portal/metersx/a/query']) {
        const { status, headers } = await preflight(path);
        expect([path, status, headers['access-control-allow-origin']]).toEqual([
          path,
          path === '/api/v1/portal/metersx/a/query' ? 404 : 405,
          undefined,
        ]);
        expect((await world.get(path, { origin })).headers['access-control-allow-origin']).toBeUndefined();
      }
    });
  });
});
