import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'lossless-json';
import { canonicalise, needsLosslessRead, noteNumber, type Oddities } from './canonical.js';

const literalMax = 64 * 1024;
const canonical = (sent: string) => canonicalise(sent, JSON.parse(sent), literalMax);

/** The signs that a request with this text would gather. */
function odditiesOf(value: unknown, oddities: Oddities = { hasOutsized: false, hasTiny: false }): Oddities {
  if (typeof value === 'number') noteNumber(value, oddities);
  else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) odditiesOf(member, oddities);
  }
  return oddities;
}
const isFlagged = (sent: string): boolean => needsLosslessRead(sent, odditiesOf(JSON.parse(sent)));

/** What is forwarded for this data: the quick way, or the lossless one where it is asked for. */
const forwarded = (sent: string): string | undefined =>
  isFlagged(sent) ? canonical(sent)?.data : JSON.stringify(JSON.parse(sent));

describe('canonical data', () => {
  it.each([
    // A double holds these, so they stay numbers.
    ['{"v":1}', '{"v":1}'],
    ['{"v":0.1}', '{"v":0.1}'],
    ['{"v":-0}', '{"v":0}'],
    ['{"v":1e5}', '{"v":100000}'],
    ['{"v":1.50}', '{"v":1.5}'],
    ['{"v":0.30000000000000004}', '{"v":0.30000000000000004}'],
    ['{"v":9007199254740992}', '{"v":9007199254740992}'],
    ['{"v":1e22}', '{"v":1e+22}'],
    ['{"v":1.7976931348623157e308}', '{"v":1.7976931348623157e+308}'],
    ['{"v":5e-324}', '{"v":5e-324}'],
    ['{"v":0e999999999999}', '{"v":0}'],
    ['{"v":0.0000000000000000000}', '{"v":0}'],
    // A double does not, so they become strings of what was sent.
    ['{"v":9007199254740993}', '{"v":"9007199254740993"}'],
    ['{"v":12345678901234567890123}', '{"v":"12345678901234567890123"}'],
    ['{"v":0.1234567890123456789}', '{"v":"0.1234567890123456789"}'],
    ['{"v":123456789.123456789}', '{"v":"123456789.123456789"}'],
    ['{"v":-0.1000000000000000055}', '{"v":"-0.1000000000000000055"}'],
    ['{"v":1e400}', '{"v":"1e400"}'],
    ['{"v":-1E+400}', '{"v":"-1E+400"}'],
    ['{"v":1e-400}', '{"v":"1e-400"}'],
    ['{"v":[{"w":1e400}]}', '{"v":[{"w":"1e400"}]}'],
    // A double does, but ClickHouse takes no whole number beyond 64 bits.
    ['{"v":100000000000000000000}', '{"v":"100000000000000000000"}'],
    ['{"v":1e20}', '{"v":"1e20"}'],
    ['{"v":-9223372036854775808}', '{"v":"-9223372036854775808"}'],
    // The last of repeated keys wins, at every level and whatever the way.
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"b":{"a":1e400,"a":2}}', '{"b":{"a":2}}'],
    ['{"a":1,"\\u0061":1e400}', '{"a":"1e400"}'],
    // A lone surrogate is replaced, a pair and an escaped backslash are not.
    ['{"s":"x\\ud800y"}', '{"s":"x\ufffdy"}'],
    ['{"s":"\\uD83D\\uDE00"}', '{"s":"😀"}'],
    ['{"s":"\\\\ud800"}', '{"s":"\\\\ud800"}'],
    ['{"s":"\\\\\\ud800"}', '{"s":"\\\\\ufffd"}'],
    ['{"\\ud800":1,"\\ud801":2}', '{"\ufffd":2}'],
    ['{"s":"\\u0000"}', '{"s":"\\u0000"}'],
    // Digits in strings are nobody's number.
    ['{"s":"12345678901234567890123","t":"9e-4d6c"}', '{"s":"12345678901234567890123","t":"9e-4d6c"}'],
    ['{"__proto__":{"polluted":1e400}}', '{"__proto__":{"polluted":"1e400"}}'],
  ])('of %s is %s', (sent, expected) => {
    expect(forwarded(sent)).toBe(expected);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keeps the text as sent beside it only where the two say different things', () => {
    expect(canonical('{ "v" : 1e400 }')).toEqual({ data: '{"v":"1e400"}', dataSent: '{ "v" : 1e400 }' });
    expect(canonical('{"s":"\\ud800"}')?.dataSent).toBe('{"s":"\\ud800"}');
    expect(canonical('{ "v" : 1e5 }')).toEqual({ data: '{"v":100000}', dataSent: null });
    expect(canonical('{"a":1,"a":2}')).toEqual({ data: '{"a":2}', dataSent: null });
  });

  it('does not take the ids and times of common events for numbers', () => {
    const event = {
      id: '5c10fade-1c9e-4d6c-8275-123456789012',
      time: '2023-01-01T01:01:01.123456789Z',
      subject: '12345678901234567890',
      data: { tokens: 1234, price: 0.000123, snowflake: '1234567890123456789', zero: 0 },
    };
    expect(isFlagged(JSON.stringify(event))).toBe(false);
    expect(isFlagged(JSON.stringify(event, null, 2))).toBe(false);
  });

  it('refuses a literal beyond the limit', () => {
    const sent = `{"v":${'9'.repeat(literalMax + 1)}}`;
    expect(canonicalise(sent, JSON.parse(sent), literalMax)).toBeUndefined();
    expect(canonical(`{"v":${'9'.repeat(10_000)}}`)?.data).toBe(`{"v":"${'9'.repeat(10_000)}"}`);
  });

  it('decides about a megabyte of digits, quotes or backslashes without delay', () => {
    const hostile = ['1', '.', '"1', '1 ', '-', ':1', '\\', 'e'].map((piece) => piece.repeat(1_000_000));
    const before = process.cpuUsage();
    for (const text of hostile) needsLosslessRead(text, { hasOutsized: false, hasTiny: true });
    const { user, system } = process.cpuUsage(before);
    // Its own time: a busy machine makes nothing here slower.
    expect((user + system) / 1000).toBeLessThan(2_000);
  });
});

// Arbitrary JSON text as a sender might write it: any literal, any escape, repeated keys, blanks.
const blank = fc.constantFrom('', '', '', ' ', '\n', '\t');
const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,24}$/)),
    fc.option(digits(24), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), digits(3)), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) =>
    [sign, whole, fraction === undefined ? '' : `.${fraction}`, ...(exponent ?? [])].join(''),
  );
const stringText = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      '1',
      '.',
      'é',
      '😀',
      '\\"',
      '\\\\',
      '\\n',
      '\\u0061',
      '\\ud83d',
      '\\uDE00',
      '\\u0000',
    ),
    {
      maxLength: 20,
    },
  )
  .map((pieces) => `"${pieces.join('')}"`);
const { value: jsonText } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    numberText,
    stringText,
    fc.constantFrom('true', 'null'),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), blank)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},`)}]`),
    tie('object'),
  ),
  object: fc
    .tuple(
      fc.array(fc.tuple(fc.oneof(fc.constantFrom('"a"', '"b"', '"__proto__"'), stringText), tie('value')), {
        maxLength: 4,
      }),
      blank,
    )
    .map(
      ([members, gap]) =>
        `{${gap}${members.map(([key, value]) => `${key}${gap}:${gap}${value}`).join(',')}${gap}}`,
    ),
}));
const objectText = jsonText.map((text) => `{"v":${text}}`);

describe('canonical data of arbitrary JSON', () => {
  it('is the same by the quick way wherever the quick way is taken', () => {
    fc.assert(
      fc.property(objectText, (sent) => {
        expect(forwarded(sent)).toBe(canonical(sent)?.data);
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds every number exactly, as a number or as a string', () => {
    fc.assert(
      fc.property(numberText, (literal) => {
        const { v } = JSON.parse(forwarded(`{"v":${literal}}`)!) as { v: number | string };
        if (typeof v === 'string') expect(v).toBe(literal);
        else expect(exact(String(v))).toEqual(exact(literal));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is valid UTF-8 and says what was sent, read by a lossless reader', () => {
    fc.assert(
      fc.property(objectText, (sent) => {
        const data = forwarded(sent)!;
        expect(Buffer.from(data).toString()).toBe(data);
        const keysOf = (text: string) =>
          Object.keys(parse(text, undefined, { onDuplicateKey: ({ newValue }) => newValue }) as object);
        expect(keysOf(data)).toEqual(keysOf(sent));
      }),
    );
  });
});

/** A decimal literal as sign, digits and power of ten, by big integers: written differently from the code it checks. */
function exact(literal: string): { digits: bigint; power: number } {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(
    literal,
  )!;
  let digits = BigInt(`${whole!}${fraction}`);
  let scale = Number(BigInt(power.replace('+', ''))) - fraction.length;
  if (digits === 0n) return { digits, power: 0 };
  while (digits % 10n === 0n) {
    digits /= 10n;
    scale += 1;
  }
  return { digits: sign === '-' ? -digits : digits, power: scale };
}
