import { describe, expect, it } from '@jest/globals';
import { Refused, type Refusal } from '@ledgerline/kernel';
import { operationIds, operationRow, successStatus, type OperationId, type OpRequest } from './operations.js';
import { readRequest } from './read-request.js';
import { statusOverrides } from './status-overrides.js';
import { validateReply } from './validate-reply.js';

const context = { namespace: 'default', actor: 'anonymous', requestId: 'r1' };
const json = { 'content-type': 'application/json' };

const read = <Id extends OperationId>(
  id: Id,
  { path = {}, query = '', body }: { path?: Record<string, string>; query?: string; body?: unknown } = {},
): OpRequest<Id> => readRequest(id, { path, queryString: query, headers: json, body, context });

function refusalOf(run: () => unknown): Refusal {
  try {
    run();
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
  throw new Error('nothing was refused');
}

const fieldsOf = (run: () => unknown): (string | undefined)[] =>
  (refusalOf(run).issues ?? []).map(({ field }) => field);

const usageRateCard = {
  type: 'usage_based',
  key: 'tokens',
  name: 'Tokens',
  featureKey: 'tokens',
  billingCadence: 'P1M',
  price: { type: 'unit', amount: '0.01' },
};
const flatRateCard = {
  type: 'flat_fee',
  key: 'seat',
  name: 'Seat',
  billingCadence: null,
  price: { type: 'flat', amount: '-12.50' },
};
const planOf = (...rateCards: unknown[]): Record<string, unknown> => ({
  name: 'Pro',
  key: 'pro',
  currency: 'USD',
  billingCadence: 'P1M',
  phases: [{ key: 'default', name: 'Default', duration: null, rateCards }],
});

const operationsWhere = (test: (id: OperationId) => boolean): readonly OperationId[] =>
  operationIds.filter(test);
/** Of the given document; ours has traps of its own making only. */
const given = operationsWhere((id) => operationRow(id).document === 'openmeter');
const successMedia = (id: OperationId): readonly string[] =>
  Object.keys(operationRow(id).replies[String(operationRow(id).status)] ?? {});

describe('traps of the document', () => {
  it('regex flag: a pattern that is illegal under the u flag still validates', () => {
    expect(() => read('createPlan', { body: planOf(flatRateCard) })).not.toThrow();
    const wrong = { ...flatRateCard, price: { type: 'flat', amount: 'twelve' } };
    expect(fieldsOf(() => read('createPlan', { body: planOf(wrong) }))).toEqual([
      '$.phases[0].rateCards[0].price.amount',
    ]);
  });

  it('nullable: null is taken where the document allows it, with and without a type, and nowhere else', () => {
    const { body } = read('createPlan', { body: planOf({ ...usageRateCard, price: null }) });
    expect(body.phases[0]).toMatchObject({ duration: null, rateCards: [{ price: null }] });
    // With a type and composed of a schema that by itself is an object and nothing else.
    const free = read('createPlan', {
      body: { ...planOf({ ...flatRateCard, price: null }), metadata: null },
    });
    expect(free.body).toMatchObject({ metadata: null, phases: [{ rateCards: [{ price: null }] }] });
    expect(fieldsOf(() => read('createPlan', { body: { ...planOf(), name: null } }))).toEqual(['$.name']);
  });

  it('discriminator: one wrong field in a plan is one issue, not seventeen', () => {
    const wrong = { ...usageRateCard, price: { type: 'unit', amount: 5 } };
    const refused = refusalOf(() => read('createPlan', { body: planOf(wrong) }));
    expect(refused.issues).toHaveLength(1);
    expect(refused.detail).toContain('$.phases[0].rateCards[0].price.amount');
    expect(
      fieldsOf(() => read('createPlan', { body: planOf({ ...usageRateCard, type: 'barter' }) })),
    ).toEqual(['$.phases[0].rateCards[0].type']);
  });

  it('several wrong fields are all named at once', () => {
    const body = { ...planOf(), name: 7, currency: 'usd' };
    expect(fieldsOf(() => read('createPlan', { body }))).toEqual(
      expect.arrayContaining(['$.name', '$.currency']),
    );
  });

  it('missing fields are named themselves, not their parent', () => {
    expect(fieldsOf(() => read('createMeter', { body: { slug: 'a', aggregation: 'COUNT' } }))).toEqual([
      '$.eventType',
    ]);
  });

  it('deepObject: brackets become members, typed by the schema, and lists may be written in three ways', () => {
    const query = 'filterGroupBy[model]=gpt%2D4&filterGroupBy%5Bvendor%5D=a%26b';
    expect(read('queryMeter', { path: { meterIdOrSlug: 'm' }, query }).query.filterGroupBy).toEqual({
      model: 'gpt-4',
      vendor: 'a&b',
    });
    for (const written of ['keyVersion[pro]=1&keyVersion[pro]=2', 'keyVersion[pro][]=1&keyVersion[pro][]=2'])
      expect(read('listPlans', { query: written }).query.keyVersion).toEqual({ pro: [1, 2] });
    expect(
      read('listPlans', { query: 'keyVersion[pro][0]=1&keyVersion[pro][1]=2' }).query.keyVersion,
    ).toEqual({
      pro: [1, 2],
    });
    expect(fieldsOf(() => read('listPlans', { query: 'keyVersion[pro]=x' }))).toEqual(['keyVersion.pro[0]']);
  });

  it('deepObject: six parameters, and nested brackets where the document says JSON text', () => {
    const deep = given.flatMap((id) =>
      operationRow(id).parameters.filter(({ style }) => style === 'deepObject'),
    );
    expect(deep).toHaveLength(6);
    const filter = { subject: { $like: 'a%' }, type: { $in: ['x', 'y'] } };
    const asText = `filter=${encodeURIComponent(JSON.stringify(filter))}`;
    const asBrackets = 'filter[subject][$like]=a%25&filter[type][$in]=x&filter[type][$in]=y';
    expect(read('listEventsV2', { query: asText }).query.filter).toEqual(filter);
    expect(read('listEventsV2', { query: asBrackets }).query.filter).toEqual(filter);
    expect(fieldsOf(() => read('listEventsV2', { query: 'filter=%7B' }))).toEqual(['filter']);
  });

  it('deepObject: a polluting name is a key like any other', () => {
    const { query } = read('queryMeter', {
      path: { meterIdOrSlug: 'm' },
      query: 'filterGroupBy[__proto__]=x&filterGroupBy[constructor]=y',
    });
    expect(Object.keys(query.filterGroupBy ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(query.filterGroupBy)).toBeNull();
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('arrays in queries: 51 of them, repeated keys make a list, one key makes a list of one, commas stay', () => {
    const arrays = given.flatMap((id) =>
      operationRow(id).parameters.filter(
        ({ in: place, schema }) => place === 'query' && schema.type === 'array',
      ),
    );
    expect(arrays).toHaveLength(51);
    const path = { meterIdOrSlug: 'm' };
    expect(read('queryMeter', { path, query: 'subject=a&subject=b%2Cc+d' }).query.subject).toEqual([
      'a',
      'b,c d',
    ]);
    expect(read('queryMeter', { path, query: 'subject=a' }).query.subject).toEqual(['a']);
    expect(fieldsOf(() => read('queryMeter', { path, query: 'from=2024-01-01T00:00:00Z&from=x' }))).toEqual([
      'from',
    ]);
  });

  it('scalars in queries become numbers and booleans; in bodies they do not', () => {
    const { query } = read('listPlans', { query: 'page=2&includeDeleted=true' });
    expect(query).toMatchObject({ page: 2, includeDeleted: true });
    expect(fieldsOf(() => read('listPlans', { query: 'page=two' }))).toEqual(['page']);
    expect(fieldsOf(() => read('listPlans', { query: 'page=0' }))).toEqual(['page']);
    expect(fieldsOf(() => read('listPlans', { query: 'page=%zz' }))).toEqual(['page']);
    const grant = { amount: '100', priority: 1, effectiveAt: '2024-01-01T00:00:00Z' };
    expect(
      fieldsOf(() =>
        read('createGrant', {
          path: { subjectIdOrKey: 's', entitlementIdOrFeatureKey: 'f' },
          body: { ...grant, expiration: { duration: 'MONTH', count: 1 } },
        }),
      ),
    ).toEqual(['$.amount']);
  });

  it('unknown query parameters are ignored', () => {
    expect(read('listPlans', { query: 'nonsense=1&id[x]=2&&=' }).query).not.toHaveProperty('nonsense');
  });

  it('limits the query string', () => {
    expect(refusalOf(() => read('listPlans', { query: `x=${'a'.repeat(20_000)}` })).kind).toBe('invalid');
    expect(refusalOf(() => read('listPlans', { query: 'a&'.repeat(2_000) })).kind).toBe('invalid');
    const deep = `filter${'[a]'.repeat(9)}=1`;
    expect(refusalOf(() => read('listEventsV2', { query: deep })).kind).toBe('invalid');
  });

  it('CSV replies: two operations answer CSV too, one answers text only', () => {
    expect(operationsWhere((id) => successMedia(id).includes('text/csv'))).toEqual([
      'queryMeter',
      'queryPortalMeter',
    ]);
    expect(operationsWhere((id) => successMedia(id).includes('text/plain'))).toEqual(['getDebugMetrics']);
    expect(validateReply('queryMeter', 200, { 'content-type': 'text/csv; charset=utf-8' }, 'a,b\n')).toEqual(
      [],
    );
    expect(validateReply('listPlans', 200, { 'content-type': 'text/csv' }, 'a,b\n')).toEqual([
      'the content type is text/csv, not application/json',
    ]);
  });

  it('defaults are filled in query and body', () => {
    expect(read('listPlans').query).toMatchObject({ page: 1, pageSize: 100, order: 'ASC' });
    const { body } = read('createPlan', { body: planOf(flatRateCard) });
    expect(body).toMatchObject({
      proRatingConfig: { enabled: true, mode: 'prorate_prices' },
      phases: [{ rateCards: [{ price: { paymentTerm: 'in_advance' } }] }],
    });
  });

  it('defaults: a union takes those of the branch that matches, and none of the others', () => {
    const body = { plan: { key: 'pro' }, customerKey: 'acme' };
    const { body: filled } = read('createSubscription', { body });
    expect(filled).toEqual({ plan: { key: 'pro' }, customerKey: 'acme', timing: 'immediate' });
    const wrong = { plan: { key: 'pro' }, customerKey: 'acme', timing: 7 };
    expect(new Set(fieldsOf(() => read('createSubscription', { body: wrong })))).toEqual(
      new Set(['$.timing']),
    );
  });

  it('a union of which only one form may match refuses a mixture', () => {
    const body = { plan: { key: 'pro' }, customPlan: planOf(flatRateCard), customerKey: 'acme' };
    expect(fieldsOf(() => read('createSubscription', { body }))).toEqual(['$']);
    const { plan, ...custom } = body;
    expect(plan).toBeDefined();
    expect(read('createSubscription', { body: custom }).body).toMatchObject({ timing: 'immediate' });
  });

  it('defaults do not hide that neither page nor pageSize was sent where that chooses the shape of the reply', () => {
    for (const id of ['listFeatures', 'listGrants', 'listEntitlements'] as const) {
      expect(read(id).query.page).toBeUndefined();
      expect(read(id).query.pageSize).toBeUndefined();
      expect(read(id, { query: 'page=3' }).query.page).toBe(3);
    }
  });

  it('unknown and read-only properties are accepted in bodies, and required read-only ones not demanded', () => {
    const meter = { slug: 'a', eventType: 'b', aggregation: 'COUNT' };
    expect(() =>
      read('createMeter', { body: { ...meter, id: 7, createdAt: 'now', unheardOf: [] } }),
    ).not.toThrow();
    const app = { type: 'sandbox', name: 'Sandbox' };
    expect(() =>
      read('upsertCustomerAppData', { path: { customerIdOrKey: 'c' }, body: [{ type: 'sandbox', app }] }),
    ).not.toThrow();
  });

  it('read-only properties are demanded in replies', () => {
    const reply = { slug: 'a', eventType: 'b', aggregation: 'COUNT' };
    const mistakes = validateReply('getMeter', 200, json, reply);
    expect(mistakes).toContain('$.id is required');
  });

  it('of the given document 27 success replies have no body, and one operation has no 2xx at all', () => {
    const empty = given.filter((id) => successMedia(id).length === 0 && operationRow(id).status < 300);
    expect(empty).toHaveLength(27);
    expect(operationsWhere((id) => operationRow(id).status >= 300)).toEqual([
      'marketplaceOAuth2InstallAuthorize',
    ]);
    expect(validateReply('deleteMeter', 204, {}, '')).toEqual([]);
    expect(validateReply('deleteMeter', 204, {}, '{}')).toEqual(['a 204 has no body']);
    expect(validateReply('marketplaceOAuth2InstallAuthorize', 303, { location: '/' }, '')).toEqual([]);
    expect(validateReply('marketplaceOAuth2InstallAuthorize', 303, {}, '')).toHaveLength(1);
  });

  it('holds 154 operations of the given document and ours', () => {
    expect(operationsWhere((id) => operationRow(id).document === 'openmeter')).toHaveLength(154);
    expect(operationsWhere((id) => operationRow(id).document === 'ledgerline')).toEqual([
      'getClock',
      'setClock',
      'explainInvoice',
      'listApiKeys',
      'createApiKey',
      'revokeApiKey',
      'listNamespaces',
      'createNamespace',
      'listPriceBookEntries',
      'createPriceBookEntry',
      'correctPriceBookEntry',
      'getEventStatus',
      'getCompleteness',
      'watchMeter',
    ]);
  });

  it('an override says something else than the document, and replaces its status', () => {
    for (const id of Object.keys(statusOverrides) as OperationId[])
      expect(successStatus(id)).not.toBe(operationRow(id).status);
    expect(validateReply('createMeter', 201, json, {})).toEqual(['201 is no status of this operation']);
  });

  it('problem replies are validated too, their status against the one on the wire', () => {
    const problem = { type: 'about:blank', title: 'Not Found', status: 404 };
    const media = { 'content-type': 'application/problem+json' };
    expect(validateReply('getMeter', 404, media, problem)).toEqual([]);
    expect(validateReply('getMeter', 400, media, problem)).toContain(
      "$.status must be the reply's status 400",
    );
    expect(validateReply('getMeter', 404, json, problem)).toHaveLength(1);
    expect(validateReply('getClock', 409, media, { status: 409 })).toContain('$.title is required');
  });

  it('compiles the validators of every operation', () => {
    for (const id of operationIds) {
      const row = operationRow(id);
      try {
        read(id, { path: {}, body: row.body === undefined ? undefined : {} });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
      for (const [status, media] of Object.entries(row.replies))
        for (const type of Object.keys(media))
          validateReply(id, status === 'default' ? 418 : Number(status), { 'content-type': type }, {});
    }
  });
});
