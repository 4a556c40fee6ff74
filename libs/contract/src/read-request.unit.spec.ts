import { describe, expect, it } from '@jest/globals';
import { instant, Refused } from '@ledgerline/kernel';
import fc from 'fast-check';
import { formats } from './formats.js';
import { operationIds, operationRow, type OperationId } from './operations.js';
import { readRequest, type RawRequest } from './read-request.js';

const context = { namespace: 'default', actor: 'anonymous', requestId: 'r1' };
const raw = (over: Partial<RawRequest>): RawRequest => ({
  path: {},
  queryString: '',
  headers: { 'content-type': 'application/json' },
  body: undefined,
  context,
  ...over,
});

/** Runs and says how it ended; anything but an answer or a refusal of kind invalid is thrown on. */
function outcome(id: OperationId, request: RawRequest): 'read' | 'refused' {
  try {
    readRequest(id, request);
    return 'read';
  } catch (error) {
    if (error instanceof Refused && error.refusal.kind === 'invalid' && error.refusal.detail !== '')
      return 'refused';
    throw error;
  }
}

const meter = Buffer.from('{"slug":"a","eventType":"b","aggregation":"COUNT"}');

describe('reading a request', () => {
  it('fills the default that the operation really has', () => {
    const orderOf = (id: 'listNotificationEvents' | 'listNotificationRules', queryString: string) =>
      readRequest(id, raw({ queryString })).query.order;
    expect(orderOf('listNotificationEvents', '')).toBe('DESC');
    expect(orderOf('listNotificationEvents', 'order=ASC')).toBe('ASC');
    expect(orderOf('listNotificationRules', '')).toBe('ASC');
  });

  const anyOperation = fc.constantFrom(...operationIds);
  const names = [
    ...new Set(operationIds.flatMap((id) => operationRow(id).parameters.map(({ name }) => name))),
    '__proto__',
    'constructor',
  ];

  it('answers arbitrary bodies with the request or a refusal, never with anything else', () => {
    fc.assert(
      fc.property(anyOperation, fc.jsonValue({ maxDepth: 6 }), (id, body) => {
        outcome(id, raw({ body: Buffer.from(JSON.stringify(body)) }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('answers arbitrary bytes likewise', () => {
    fc.assert(
      fc.property(anyOperation, fc.uint8Array({ maxLength: 64 }), fc.string(), (id, body, type) => {
        outcome(id, raw({ body, headers: { 'content-type': type } }));
        outcome(id, raw({ body }));
      }),
      { numRuns: 500 },
    );
  });

  it('answers bodies with the right names and arbitrary values likewise', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('flat', 'metered', 'usage_based', 'P1M'),
    );
    const named = fc.dictionary(
      fc.constantFrom(
        'type',
        'name',
        'key',
        'phases',
        'rateCards',
        'price',
        'timing',
        'plan',
        'customPlan',
        'data',
      ),
      fc.oneof(value, fc.array(fc.dictionary(fc.constantFrom('type', 'key', 'price', 'amount'), value))),
    );
    fc.assert(
      fc.property(anyOperation, named, (id, body) => {
        outcome(id, raw({ body: Buffer.from(JSON.stringify(body)) }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('answers arbitrary query strings likewise, and pollutes no prototype', () => {
    const key = fc
      .tuple(
        fc.constantFrom(...names),
        fc.array(fc.constantFrom('[a]', '[]', '[0]', '[__proto__]', '[$in]', '[', '%5B'), { maxLength: 4 }),
      )
      .map(([name, brackets]) => name + brackets.join(''));
    const pair = fc.tuple(key, fc.string()).map(([name, value]) => `${name}=${value}`);
    fc.assert(
      fc.property(anyOperation, fc.array(pair, { maxLength: 8 }), (id, pairs) => {
        outcome(id, raw({ queryString: pairs.join('&') }));
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['9'.repeat(400), '1e400', '9007199254740992', '-1e22'])(
    'refuses the page %s, naming it: no database takes such an offset',
    (page) => {
      const read = (): unknown => readRequest('listCustomers', raw({ queryString: `page=${page}` }));
      expect(read).toThrow(Refused);
      expect(read).toThrow(/page/);
    },
  );

  it.each([
    ['{"name":"a\\u0000"}', '$.name'],
    ['{"name":"a","metadata":{"k":"\\ud800"}}', '$.metadata.k'],
    ['{"name":"a","usageAttribution":{"subjectKeys":["b","\\uDC00x"]}}', '$.usageAttribution.subjectKeys[1]'],
  ])('refuses text that no database can hold: %s, naming %s', (body, field) => {
    const read = (): unknown => readRequest('createCustomer', raw({ body: Buffer.from(body) }));
    expect(read).toThrow(`${field}: must not contain U+0000`);
  });

  it('takes whole surrogate pairs, and refuses NUL in a query by its name', () => {
    const body = Buffer.from('{"name":"\\ud83d\\ude00","key":"a"}');
    expect(outcome('createCustomer', raw({ body }))).toBe('read');
    expect(() => readRequest('listCustomers', raw({ queryString: 'name=%00' }))).toThrow('name: must not');
  });

  it('lets no date-time pass that the kernel cannot read', () => {
    const isDateTime = formats['date-time'] as (text: string) => boolean;
    const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
    const text = fc
      .tuple(
        fc.integer({ min: 0, max: 9999 }),
        two,
        two,
        two,
        two,
        two,
        fc.constantFrom('Z', '+02:00', '-23:59', 'z', '+24:00', ''),
      )
      .map(([y, mo, d, h, mi, s, zone]) => `${String(y).padStart(4, '0')}-${mo}-${d}T${h}:${mi}:${s}${zone}`);
    fc.assert(
      fc.property(text, (each) => {
        if (isDateTime(each)) instant(each);
      }),
      { numRuns: 5_000 },
    );
    for (const good of [
      '2024-02-29T00:00:00Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999+14:00',
    ]) {
      expect(isDateTime(good)).toBe(true);
      expect(() => instant(good)).not.toThrow();
    }
    for (const bad of [
      '2023-02-29T00:00:00Z',
      '2024-01-01 00:00:00Z',
      '2024-01-01T00:00:60Z',
      '2024-01-01',
      '0000-02-30T00:00:00Z',
    ])
      expect([bad, isDateTime(bad)]).toEqual([bad, false]);
  });

  it('takes a body that a parser in front has already read', () => {
    expect(outcome('createMeter', raw({ body: { slug: 'a', eventType: 'b', aggregation: 'COUNT' } }))).toBe(
      'read',
    );
    expect(outcome('createMeter', raw({ body: null }))).toBe('refused');
  });

  it('keeps the bytes of the body beside it', () => {
    expect(readRequest('createMeter', raw({ body: meter })).rawBody).toBe(meter);
  });

  it('refuses nesting that would exhaust the stack of a validator, in body and query', () => {
    const deep = `{"model":${'{"$and":['.repeat(50_000)}{}${']}'.repeat(50_000)}}`;
    const body = Buffer.from(`{"advancedMeterGroupByFilters":${deep}}`);
    expect(outcome('queryMeterPost', raw({ path: { meterIdOrSlug: 'm' }, body }))).toBe('refused');
    const filter = `{"model":${'{"$and":['.repeat(600)}{}${']}'.repeat(600)}}`;
    const queryString = `advancedMeterGroupByFilters=${filter}`;
    expect(outcome('queryMeter', raw({ path: { meterIdOrSlug: 'm' }, queryString }))).toBe('refused');
  });

  it('refuses a missing body and ignores one where the operation has none', () => {
    expect(outcome('createMeter', raw({}))).toBe('refused');
    expect(
      outcome('publishPlan', raw({ path: { planId: '01G65Z755AFWAKHE12NY0CQ9FH' }, body: Buffer.from('{') })),
    ).toBe('read');
  });

  it.each(['', 'x'.repeat(256), 'a b', 'ä'])('refuses the idempotency key %j', (key) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    expect(outcome('createMeter', raw({ headers, body: meter }))).toBe('refused');
  });

  it('names an odd member so that the path can be read back', () => {
    const body = {
      slug: 'a',
      eventType: 'b',
      aggregation: 'SUM',
      valueProperty: '$.v',
      groupBy: { "it's a/b~c": 5 },
    };
    expect(() => readRequest('createMeter', raw({ body }))).toThrow("$.groupBy['it\\'s a/b~c']");
  });

  it('says at most twenty things at once', () => {
    const body = Array.from({ length: 500 }, () => ({}));
    try {
      readRequest('upsertSubject', raw({ body }));
      throw new Error('was read');
    } catch (error) {
      expect(error).toBeInstanceOf(Refused);
      expect((error as Refused).refusal.issues).toHaveLength(20);
    }
  });
});
