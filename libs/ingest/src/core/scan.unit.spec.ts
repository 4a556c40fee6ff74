import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultIngestLimits } from './limits.js';
import { findOvergrowth, sliceData } from './scan.js';

describe('sliceData', () => {
  it.each([
    ['{"id":"1"}', [undefined]],
    [' { "data" : { "a" : 1 } , "id":"1"}', ['{ "a" : 1 }']],
    ['{"x":{"data":1},"data":null}', ['null']],
    ['{"data":{"data":"}\\"]"}}', ['{"data":"}\\"]"}']],
    ['{"data":{"a":1},"data":{"a":2}}', ['{"a":2}']],
    ['{"d\\u0061ta":{"a":1}}', ['{"a":1}']],
    ['{"\\\\":"\\\\","data":{}}', ['{}']],
    ['[]', []],
    ['[ {"data":{"n":1e400}} , {} ,{"data":\n{"n":2}\n}]', ['{"n":1e400}', undefined, '{"n":2}']],
  ])('of %s', (text, slices) => {
    expect(sliceData(text)).toEqual(slices);
  });

  it('finds what JSON.parse finds, however it is written', () => {
    const event = fc.dictionary(fc.constantFrom('id', 'data', 'x', '"data"', '\\'), fc.jsonValue(), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom(0, 1, 2, '\t'), (events, indent) => {
        const read = sliceData(JSON.stringify(events, null, indent));
        expect(read.map((slice) => (slice === undefined ? undefined : JSON.parse(slice)))).toEqual(
          events.map(({ data }) => (data === undefined ? undefined : JSON.parse(JSON.stringify(data)))),
        );
      }),
    );
  });
});

describe('findOvergrowth', () => {
  const limits = { ...defaultIngestLimits, batchMax: 3, depthMax: 3, keysMax: 4, stringMaxBytes: 10 };
  it.each([
    ['{"a":{"b":{"c":1}}}', undefined],
    ['{"a":{"b":{"c":{}}}}', { code: 'too_deep', index: undefined }],
    ['[{"a":{"b":{"c":1}}},{"a":{"b":[[]]}}]', { code: 'too_deep', index: 1 }],
    ['[{},{},{}]', undefined],
    ['[{},{},{},{}]', { code: 'batch_too_large', index: 3 }],
    ['{"a":1,"b":1,"c":1,"d":1}', undefined],
    ['{"a":1,"b":1,"c":1,"d":1,"e":1}', { code: 'too_many_keys', index: undefined }],
    // Repeated keys are counted too: they cost the parser as much.
    ['{"a":1,"a":1,"a":1,"a":1,"a":1}', { code: 'too_many_keys', index: undefined }],
    ['{"a":{"b":1,"c":1},"d":{"e":1,"f":1},"g":1}', undefined],
    [`{"a":"${'x'.repeat(61)}"}`, { code: 'string_too_long', index: undefined }],
    [`{"a":"${'\\u0041'.repeat(10)}"}`, undefined],
    ['{"a":":::{{{[[[,,,\\""}', undefined],
    ['}}}]]]"', undefined],
  ])('in %s', (text, found) => {
    expect(findOvergrowth(text, limits)).toEqual(found);
  });

  it('passes whatever lies within the limits, and stops early at what does not', () => {
    fc.assert(fc.property(fc.string(), (text) => void findOvergrowth(text, limits)));
    const before = process.cpuUsage();
    findOvergrowth('['.repeat(8_000_000), defaultIngestLimits);
    const { user, system } = process.cpuUsage(before);
    // Its own time: a busy machine makes nothing here slower.
    expect((user + system) / 1000).toBeLessThan(50);
  });
});
