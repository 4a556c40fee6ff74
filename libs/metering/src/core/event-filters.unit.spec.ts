import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { readStringFilter, type StringFilterInput } from './string-filter.js';
import { readTimeFilter, type TimeFilterInput } from './time-filter.js';

const text = (input: unknown, depthMax?: number) =>
  readStringFilter(input as StringFilterInput, 'filter.subject', depthMax);
const nested = (levels: number): unknown =>
  levels === 0 ? { $eq: 'x' } : { [levels % 2 === 0 ? '$and' : '$or']: [nested(levels - 1)] };

describe('a string filter', () => {
  it.each<[unknown, unknown]>([
    [{}, undefined],
    [{ $eq: null, $in: null, $and: null }, undefined],
    [{ $eq: '' }, { operator: '$eq', value: '' }],
    [
      { $eq: 'a', $ne: null },
      { operator: '$eq', value: 'a' },
    ],
    [{ $in: ['a', 'b', 'a'] }, { operator: '$in', values: ['a', 'b'] }],
    [{ $in: [] }, { operator: '$in', values: [] }],
    [{ $nin: ['a'] }, { operator: '$nin', values: ['a'] }],
    // An open escape at the end of a pattern would be an error of the store.
    [{ $like: 'a\\' }, { operator: '$like', value: 'a\\\\' }],
    [{ $nilike: 'a\\\\' }, { operator: '$nilike', value: 'a\\\\' }],
    [{ $eq: 'a\\' }, { operator: '$eq', value: 'a\\' }],
    [{ $and: [{ $gt: 'a' }, {}] }, { operator: '$and', filters: [{ operator: '$gt', value: 'a' }] }],
    [{ $and: [] }, undefined],
    [{ $or: [] }, undefined],
    [{ $or: [{ $eq: 'a' }, {}] }, undefined],
  ])('%j is read as %j', (input, expected) => {
    expect(text(input)).toEqual({ accepted: expected });
  });

  it.each<[unknown, string]>([
    [{ $eq: 'a', $ne: 'b' }, 'filter.subject: only one filter operator can be set'],
    [{ $regex: 'a' }, 'filter.subject: unknown filter operator $regex'],
    [{ $in: Array.from({ length: 1001 }, () => 'a') }, 'filter.subject.$in: more than 1000 values'],
    [{ $eq: 'ä'.repeat(20_001) }, 'filter.subject.$eq: values of more than 40000 bytes'],
    [{ $or: [{ $in: ['a\0b'] }] }, 'filter.subject.$or[0].$in: must not hold U+0000'],
    [{ $and: [{}, { $eq: 'a', $lt: 'b' }] }, 'filter.subject.$and[1]: only one filter operator can be set'],
    [
      { $or: Array.from({ length: 200 }, () => ({ $eq: 'a' })) },
      'filter.subject.$or[199].$eq: more than 200 filters',
    ],
    [
      {
        $or: [
          { $in: Array.from({ length: 600 }, () => 'a') },
          { $nin: Array.from({ length: 401 }, () => 'a') },
        ],
      },
      'filter.subject.$or[1].$nin: more than 1000 values',
    ],
  ])('%.80j is refused by name', (input, message) => {
    const { refused } = text(input);
    expect(refused).toMatchObject({ kind: 'invalid', detail: `validation error: ${message}` });
    const [field] = message.split(': ');
    expect(refused?.issues).toMatchObject([{ field }]);
  });

  it('joins conditions as deep as it may', () => {
    expect(text(nested(1), 1).refused).toBeUndefined();
    expect(text(nested(2), 1).refused?.detail).toContain(
      'filter.subject.$and[0].$or: filters are nested too deep',
    );
    expect(text(nested(4)).refused).toBeUndefined();
    expect(text(nested(5)).refused?.detail).toContain('nested too deep');
  });
});

describe('a time filter', () => {
  const read = (input: TimeFilterInput, unitMs = 1000) =>
    readTimeFilter(input, { field: 'filter.time', unitMs, depthMax: 1 });
  const at = (fraction: string) => instant(`1970-01-01T00:00:10${fraction}Z`);

  it.each<[keyof TimeFilterInput, string, unknown]>([
    ['$gt', '', { operator: '>', value: 10 }],
    ['$gt', '.5', { operator: '>', value: 10 }],
    ['$gte', '', { operator: '>=', value: 10 }],
    ['$gte', '.000000001', { operator: '>=', value: 11 }],
    ['$lt', '', { operator: '<', value: 10 }],
    ['$lt', '.000000001', { operator: '<', value: 11 }],
    ['$lte', '', { operator: '<=', value: 10 }],
    ['$lte', '.999999999', { operator: '<=', value: 10 }],
  ])('%s of 10%s s means the same in whole seconds', (operator, fraction, expected) => {
    expect(read({ [operator]: at(fraction) })).toEqual({ accepted: expected });
  });

  it('keeps milliseconds where the column has them, also before 1970', () => {
    const before = instant('1969-12-31T23:59:59.9985Z');
    expect(read({ $gte: before }, 1)).toEqual({ accepted: { operator: '>=', value: -1 } });
    expect(read({ $lte: before }, 1)).toEqual({ accepted: { operator: '<=', value: -2 } });
  });

  it('joins bounds once, and names what it refuses', () => {
    expect(read({ $and: [{ $gte: at('') }, { $lt: at('') }, {}] })).toMatchObject({
      accepted: { operator: '$and', filters: [{ operator: '>=' }, { operator: '<' }] },
    });
    expect(read({ $or: [{ $gte: at('') }, {}] })).toEqual({ accepted: undefined });
    expect(read({ $and: [{ $or: [] }] }).refused?.detail).toContain(
      'filter.time.$and[0].$or: filters are nested',
    );
    expect(read({ $gt: at(''), $lt: at('') }).refused?.detail).toContain('filter.time: only one');
    expect(read({ $eq: at('') } as TimeFilterInput).refused?.detail).toContain('unknown filter operator $eq');
  });
});
