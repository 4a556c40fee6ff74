import { describe, expect, it } from '@jest/globals';
import { parseJsonPath } from './json-path.js';

const steps = (text: string): (string | number)[] => {
  const read = parseJsonPath(text);
  if (read.refused !== undefined) throw new Error(read.refused.detail);
  return read.accepted.segments.map((segment) => (segment.kind === 'key' ? segment.key : segment.index));
};
const reason = (text: string): string => {
  const read = parseJsonPath(text);
  expect(read.refused?.kind).toBe('invalid');
  return read.refused?.detail ?? '';
};

describe('JSONPath', () => {
  it.each<[string, (string | number)[]]>([
    ['$.tokens', ['tokens']],
    ['$.a.b.c', ['a', 'b', 'c']],
    ['$.my-key', ['my-key']],
    ["$['any key']", ['any key']],
    ['$["any key"].b', ['any key', 'b']],
    ['$.a[0]', ['a', 0]],
    ['$.a[12][3].x', ['a', 12, 3, 'x']],
    ["$['ключ']['日本']", ['ключ', '日本']],
    ["$['it\\'s']", ["it's"]],
    ["$['back\\\\slash']", ['back\\slash']],
    ["$['].x[']", ['].x[']],
    ["$['{p0:String}']", ['{p0:String}']],
  ])('reads %s', (text, expected) => expect(steps(text)).toEqual(expected));

  it.each([
    ['tokens', 'must start with $'],
    ['$', 'must name a property'],
    ['$..tokens', 'recursive descent'],
    ['$.*', 'wildcards'],
    ['$[*]', 'wildcards'],
    ['$.a[?(@.b>1)]', 'filters'],
    ['$[(1)]', 'filters'],
    ['$[1:2]', 'expected a quoted key'],
    ["$['a','b']", 'expected ]'],
    ['$[-1]', 'expected a quoted key'],
    ['$[01]', 'expected a quoted key'],
    ['$[10000000]', 'position beyond'],
    ['$.', 'expected a key'],
    ['$.a b', 'expected . or ['],
    ["$.a'", 'expected . or ['],
    ["$['a", 'does not end'],
    ["$['']", 'empty key'],
    ["$['\\n']", 'may be escaped'],
    ["$['a\0b']", 'not text'],
    ["$['\ud800']", 'not text'],
    ['$.ключ', 'expected a key'],
    ['$.a.b.c.d.e.f.g.h.i', 'more than 8 steps'],
    [`$.${'a'.repeat(300)}`, 'longer than 256'],
  ])('refuses %j', (text, because) => {
    expect(reason(text)).toContain('invalid JSONPath');
    expect(reason(text)).toContain(because);
  });

  it('reads a hundred thousand hostile characters at once', () => {
    const before = process.cpuUsage();
    reason(`$${'['.repeat(100_000)}`);
    reason(`$['${'\\\\'.repeat(100)}`);
    const { user, system } = process.cpuUsage(before);
    // Its own time: a busy machine makes nothing here slower.
    expect((user + system) / 1000).toBeLessThan(50);
  });
});
