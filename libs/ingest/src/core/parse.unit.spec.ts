import { describe, expect, it } from '@jest/globals';
import { defaultIngestLimits, type IngestLimits } from './limits.js';
import type { IngestMode } from './media.js';
import { decideIngest } from './parse.js';

const nowMs = 1_735_689_600_123; // 2025-01-01T00:00:00.123Z
const good = { id: '1', source: 's', specversion: '1.0', type: 't', subject: 'u' };

function decideText(
  text: string,
  mode: IngestMode = 'either',
  limits: Partial<IngestLimits> = {},
  rawHeaders: string[] = [],
) {
  return decideIngest({ namespace: 'ns', mode, text, rawHeaders }, nowMs, {
    ...defaultIngestLimits,
    ...limits,
  });
}
const decide = (body: unknown, mode?: IngestMode, limits?: Partial<IngestLimits>) =>
  decideText(JSON.stringify(body), mode, limits);
const acceptedOf = (decision: ReturnType<typeof decideText>) =>
  decision.refused === undefined ? decision.accepted : undefined;
/** `field code` of each issue. */
const issuesOf = (decision: ReturnType<typeof decideText>) =>
  decision.refused?.issues?.map(({ field, code }) => `${field!} ${code}`);

describe('an accepted request', () => {
  it('becomes a tuple for each event', () => {
    const time = '2024-02-29T12:00:00.999+01:00';
    const decision = decide([
      { ...good, time, data: { b: 1, a: [null, 'é'] }, dataschema: 'https://x/y', myextension: 7 },
      { ...good, id: '2', data: null, time: null, datacontenttype: 'application/json' },
      { ...good, id: '3', data: {}, datacontenttype: null, dataschema: null, data_base64: null },
    ]);
    const nowSeconds = Math.floor(nowMs / 1000);
    expect(decision).toEqual({
      accepted: [
        [
          'ns',
          nowMs,
          '1',
          's',
          't',
          'u',
          Date.parse('2024-02-29T11:00:00Z') / 1000,
          '{"b":1,"a":[null,"é"]}',
          null,
        ],
        ['ns', nowMs, '2', 's', 't', 'u', nowSeconds, null, null],
        ['ns', nowMs, '3', 's', 't', 'u', nowSeconds, '{}', null],
      ],
    });
  });

  it.each<[IngestMode, unknown, number]>([
    ['either', good, 1],
    ['either', [good], 1],
    ['either', [good, good], 2],
    ['structured', good, 1],
    ['batch', [good], 1],
  ])('in mode %s', (mode, body, events) => {
    expect(acceptedOf(decide(body, mode))?.length).toBe(events);
  });

  it('carries odd data canonically, with the text as sent, each with its own event', () => {
    const event = (id: string, data: string) =>
      JSON.stringify({ ...good, id }).replace(/}$/, `,"data":${data}}`);
    const accepted = acceptedOf(
      decideText(
        `[${event('1', '{"n": 1}')}, ${event('2', '{"n": 1e400}')}, ${JSON.stringify({ ...good, id: '3' })}]`,
      ),
    );
    expect(accepted?.map((tuple) => tuple.slice(7))).toEqual([
      ['{"n":1}', null],
      ['{"n":"1e400"}', '{"n": 1e400}'],
      [null, null],
    ]);
  });

  it('is dated now by the clock it was given, to the second below', () => {
    expect(acceptedOf(decide(good))?.[0]?.[6]).toBe(1_735_689_600);
  });
});

describe('a refused request', () => {
  it.each<[string, IngestMode, string]>([
    ['not json', 'either', 'decode json'],
    ['', 'either', 'decode json'],
    ['[]', 'either', 'no events found'],
    ['[]', 'batch', 'no events found'],
    ['{}', 'batch', 'takes an array'],
    ['[{}]', 'structured', 'takes one event'],
    ['1', 'either', '$ must be an object'],
    ['null', 'structured', '$ must be an object'],
  ])('%s in mode %s: %s', (text, mode, detail) => {
    const { refused } = decideText(text, mode);
    expect(refused?.kind).toBe('invalid');
    expect(refused?.detail).toContain(detail);
  });

  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  it.each<[unknown, readonly string[]]>([
    [without('id'), ['$.id required']],
    [without('source'), ['$.source required']],
    [without('type'), ['$.type required']],
    [without('subject'), ['$.subject required']],
    [without('specversion'), ['$.specversion required']],
    [
      {},
      [
        '$.id required',
        '$.source required',
        '$.type required',
        '$.subject required',
        '$.specversion required',
      ],
    ],
    [{ ...good, subject: null }, ['$.subject required']],
    [{ ...good, id: '' }, ['$.id too_short']],
    [{ ...good, id: 7, source: {} }, ['$.id invalid_type', '$.source invalid_type']],
    [{ ...good, id: 'a\0b' }, ['$.id invalid_character']],
    [{ ...good, subject: 'a\ud800b' }, ['$.subject invalid_character']],
    [{ ...good, specversion: '0.3' }, ['$.specversion unsupported']],
    [{ ...good, specversion: 1 }, ['$.specversion unsupported']],
    [{ ...good, datacontenttype: 'text/plain' }, ['$.datacontenttype unsupported']],
    [{ ...good, dataschema: 7 }, ['$.dataschema invalid_type']],
    [{ ...good, dataschema: '' }, ['$.dataschema invalid_type']],
    [{ ...good, data: 'text' }, ['$.data invalid_type']],
    [{ ...good, data: [1] }, ['$.data invalid_type']],
    [{ ...good, data: 0 }, ['$.data invalid_type']],
    [{ ...good, data_base64: 'AA==' }, ['$.data_base64 unsupported']],
    [{ ...good, time: 'yesterday' }, ['$.time invalid_format']],
    [{ ...good, time: 1735689600 }, ['$.time invalid_format']],
    [{ ...good, time: '1899-12-31T23:59:59Z' }, ['$.time out_of_range']],
    [{ ...good, time: '2300-01-01T00:00:00Z' }, ['$.time out_of_range']],
    [
      [good, { ...good, subject: '' }, good, 7],
      ['$[1].subject too_short', '$[3] invalid_type'],
    ],
    [[good, []], ['$[1] invalid_type']],
  ])('%j', (body, issues) => {
    const decision = decide(body);
    expect(decision.refused?.kind).toBe('invalid');
    expect(issuesOf(decision)).toEqual(issues);
  });

  it('names events and reasons in its detail and counts what it does not list', () => {
    const { refused } = decide(
      Array.from({ length: 5 }, (_, n) => ({ ...good, id: n < 4 ? '' : 'x' })),
      'batch',
      { issuesMax: 2 },
    );
    expect(refused?.detail).toBe(
      '4 of 5 events are not valid, nothing was stored: $[0].id must not be empty; $[1].id must not be empty; and 2 more',
    );
    expect(refused?.issues).toHaveLength(2);
    expect(refused?.extensions).toEqual({ unlistedIssues: 2 });
  });
});

describe('limits', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
  const over = 70 * 1024; // makes a body large enough to be surveyed before it is parsed
  const padding = Object.fromEntries(['p1', 'p2', 'p3'].map((name) => [name, 'x'.repeat(60 * 1024)]));

  it.each<[string, unknown, string | undefined]>([
    ['depth 32', { ...good, data: nested(31) }, undefined],
    ['depth 33', { ...good, data: nested(32) }, '$.data too_deep'],
    ['256 keys', { ...good, data: keys(256) }, undefined],
    ['257 keys', { ...good, data: keys(257) }, '$.data too_many_keys'],
    ['257 keys further down', { ...good, data: { a: [keys(257)] } }, '$.data too_many_keys'],
    ['257 keys of the event', { ...good, ...keys(252) }, '$ too_many_keys'],
    ['a string of 64 KiB', { ...good, data: { a: 'x'.repeat(65_536) } }, undefined],
    ['a longer string', { ...good, data: { a: 'x'.repeat(65_537) } }, '$.data string_too_long'],
    ['64 KiB by two-byte letters', { ...good, data: { a: 'é'.repeat(32_768) } }, undefined],
    [
      'a byte more by two-byte letters',
      { ...good, data: { a: 'é'.repeat(32_768) + 'x' } },
      '$.data string_too_long',
    ],
    [
      'a byte more by four-byte letters',
      { ...good, data: { a: '😀'.repeat(16_384) + 'x' } },
      '$.data string_too_long',
    ],
    ['a longer key', { ...good, data: { ['x'.repeat(65_537)]: 1 } }, '$.data string_too_long'],
    ['a longer id', { ...good, id: 'x'.repeat(65_537) }, '$.id string_too_long'],
    ['a longer extension', { ...good, ext: 'x'.repeat(65_537) }, '$.ext string_too_long'],
    ['a deep extension', { ...good, ext: nested(32) }, '$.ext too_deep'],
    ['a longer key of the event', { ...good, ['x'.repeat(65_537)]: 1 }, '$ string_too_long'],
    ['a large body, deep', { ...good, ...padding, data: nested(32) }, '$ too_deep'],
    ['a large body, not too deep', { ...good, ...padding, data: nested(31) }, undefined],
    [
      'a large batch, deep',
      [
        { ...good, ...padding },
        { ...good, data: nested(32) },
      ],
      '$[1] too_deep',
    ],
    [
      'a large batch, many keys',
      [
        { ...good, ...padding },
        { ...good, data: keys(257) },
      ],
      '$[1] too_many_keys',
    ],
    [
      'a long number',
      `${JSON.stringify(good).slice(0, -1)},"data":{"n":${'9'.repeat(over)}}}`,
      '$.data number_too_long',
    ],
  ])('%s', (_, body, issue) => {
    const decision = typeof body === 'string' ? decideText(body) : decide(body);
    expect(issuesOf(decision)).toEqual(issue === undefined ? undefined : [issue]);
    if (issue !== undefined) expect(decision.refused?.kind).toBe('invalid');
  });

  it('takes a thousand events and refuses one more as too large', () => {
    const events = (count: number) => Array.from({ length: count }, () => good);
    expect(acceptedOf(decide(events(1000)))).toHaveLength(1000);
    expect(decide(events(1001)).refused?.kind).toBe('too-large');
    expect(decide(events(1001), 'batch').refused?.detail).toContain('at most 1000 events');
    expect(decide([...events(2000), ...events(2000)]).refused?.kind).toBe('too-large');
  });

  it('refuses bombs of keys, brackets and quotes before they cost anything', () => {
    const bombs = [
      `{"data":{${Array.from({ length: 1_000_000 }, (_, n) => `"${n.toString(36)}":1`).join(',')}}}`,
      '['.repeat(8_000_000),
      '{"a":'.repeat(1_600_000),
      `[${'{},'.repeat(2_000_000)}{}]`,
      `{"a":"${'x'.repeat(8_000_000)}"}`,
    ];
    for (const bomb of bombs) {
      const before = process.cpuUsage();
      expect(decideText(bomb).refused).toBeDefined();
      const { user, system } = process.cpuUsage(before);
      // Its own time: a busy machine makes nothing here slower.
      expect((user + system) / 1000).toBeLessThan(250);
    }
  });
});

describe('names that JavaScript knows', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    '%s is a name like any other',
    (name) => {
      const member = `"${name}":{"polluted":true,"id":"2","subject":"x"}`;
      const body = JSON.stringify(good).slice(0, -1);
      const accepted = acceptedOf(decideText(`${body},${member},"data":{${member},"n":1e400}}`));
      expect(accepted?.[0]?.[2]).toBe('1');
      expect(accepted?.[0]?.[7]).toBe(`{${member},"n":"1e400"}`);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('are not inherited in place of what is missing', () => {
    expect(issuesOf(decideText(`{"__proto__":${JSON.stringify(good)}}`))).toContain('$.id required');
  });
});

describe('binary mode', () => {
  const headers = (extra: Record<string, string> = {}) =>
    Object.entries({
      'Ce-Id': '1',
      'ce-source': 's',
      'CE-SPECVERSION': '1.0',
      'ce-type': 't',
      'ce-subject': 'u',
      'content-type': 'application/json',
      ...extra,
    }).flat();
  const binary = (text: string, rawHeaders: string[]) => decideText(text, 'binary', {}, rawHeaders);

  it('reads attributes from headers and data from the body', () => {
    const accepted = acceptedOf(
      binary(' {"a":1} ', headers({ 'ce-time': '2024-01-01T00:00:00Z', 'ce-ext': '1' })),
    );
    expect(accepted).toEqual([['ns', nowMs, '1', 's', 't', 'u', 1_704_067_200, '{"a":1}', null]]);
  });

  it.each([
    ['caf%C3%A9', 'café'],
    ['caf%c3%a9 %F0%9F%98%80', 'café 😀'],
    [Buffer.from('café').toString('latin1'), 'café'],
    ['"quoted \\"and\\" %22"', 'quoted "and" "'],
    ['a+b', 'a+b'],
  ])('decodes %s', (sent, subject) => {
    expect(acceptedOf(binary('', headers({ 'ce-subject': sent })))?.[0]?.[5]).toBe(subject);
  });

  it.each([
    ['', null],
    ['  ', null],
    ['null', null],
    ['{}', '{}'],
    ['{"n": 1e400}', '{"n":"1e400"}'],
  ])('takes %j as data', (text, data) => {
    expect(acceptedOf(binary(text, headers()))?.[0]?.[7]).toBe(data);
  });

  it.each<[string, string[], string]>([
    ['[1]', headers(), '$.data invalid_type'],
    ['"text"', headers(), '$.data invalid_type'],
    ['{}', headers({ 'ce-subject': '%zz' }), '$.subject invalid_format'],
    ['{}', headers({ 'ce-subject': '%ff' }), '$.subject invalid_format'],
    ['{}', headers({ 'ce-subject': '\xff' }), '$.subject invalid_format'],
    ['{}', headers({ 'ce-subject': 'a%00' }), '$.subject invalid_character'],
    ['{}', headers({ 'ce-subject': '' }), '$.subject too_short'],
    ['{}', headers({ 'ce-time': 'x' }), '$.time invalid_format'],
    ['{}', headers({ 'CE-SPECVERSION': '0.3' }), '$.specversion unsupported'],
    ['{}', headers({ 'ce-data_base64': 'AA==' }), '$.data_base64 unsupported'],
    ['{}', [...headers(), 'ce-id', '2'], '$.id repeated'],
    ['{}', ['ce-id', '1', 'ce-source', 's', 'ce-type', 't', 'ce-subject', 'u'], '$.specversion required'],
  ])('refuses %s %j', (text, rawHeaders, issue) => {
    expect(issuesOf(binary(text, rawHeaders))).toEqual([issue]);
  });

  it('lets no header stand for data', () => {
    expect(
      acceptedOf(
        binary('{"a":1}', headers({ 'ce-data': 'x', 'ce-datacontenttype': 'text/plain' })),
      )?.[0]?.[7],
    ).toBe('{"a":1}');
  });
});
