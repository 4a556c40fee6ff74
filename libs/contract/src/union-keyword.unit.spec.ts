import { describe, expect, it } from '@jest/globals';
import { Ajv, type ErrorObject } from 'ajv';
import { unionKeyword, type UnionKeyword } from './union-keyword.js';

const branches = [
  {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'string' }, left: { type: 'integer', default: 1 }, both: { default: 'left' } },
  },
  {
    type: 'object',
    required: ['b'],
    properties: { b: { type: 'string' }, right: { type: 'integer', default: 2 }, both: { default: 'right' } },
  },
];

function run(
  keyword: UnionKeyword | 'oneOf',
  data: unknown,
): { readonly valid: boolean; readonly data: unknown; readonly errors: readonly ErrorObject[] } {
  const filler = new Ajv({ useDefaults: true, strict: false });
  const prober = new Ajv({ strict: false });
  if (keyword !== 'oneOf') filler.addKeyword(unionKeyword(prober, (schema) => schema)(keyword, filler));
  const validate = filler.compile({ type: 'object', properties: { in: { [keyword]: branches } } });
  return { valid: validate(data), data, errors: validate.errors ?? [] };
}

describe('a union whose branches carry defaults', () => {
  it('is filled by the branch that matches, whichever comes first', () => {
    expect(run('onlyMatch', { in: { b: 'x' } }).data).toEqual({ in: { b: 'x', right: 2, both: 'right' } });
    expect(run('firstMatch', { in: { a: 'x' } }).data).toEqual({ in: { a: 'x', left: 1, both: 'left' } });
  });

  it('is not filled by ajv alone, which is why the keyword exists', () => {
    expect(run('oneOf', { in: { b: 'x' } }).data).not.toHaveProperty('in.right', 2);
  });

  it('takes the first of several matches, or none where only one may', () => {
    expect(run('firstMatch', { in: { a: 'x', b: 'y' } })).toMatchObject({
      valid: true,
      data: { in: { both: 'left' } },
    });
    const mixed = run('onlyMatch', { in: { a: 'x', b: 'y' } });
    expect(mixed.valid).toBe(false);
    expect(mixed.errors.map(({ instancePath }) => instancePath)).toEqual(['/in']);
  });

  it('reports the mistakes of the branch that the data resembles', () => {
    expect(run('onlyMatch', { in: { b: 7, right: 1 } }).errors).toMatchObject([
      { instancePath: '/in/b', keyword: 'type' },
    ]);
  });
});
