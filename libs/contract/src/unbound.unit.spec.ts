import { describe, expect, it } from '@jest/globals';
import { methodsOf, operationIds } from './operations.js';
import { unbound } from './unbound.js';

// The list may only shrink: lower this when an operation has been bound, never raise it.
const unboundMax = 46;

describe('unbound operations', () => {
  it('did not grow', () => {
    expect(unbound.length).toBeLessThanOrEqual(unboundMax);
  });

  it('are known, each once', () => {
    expect(unbound.filter((id) => !operationIds.includes(id))).toEqual([]);
    expect(new Set(unbound).size).toBe(unbound.length);
  });
});

describe('methods of a path', () => {
  it('tells an unknown path from a wrong method', () => {
    expect([...methodsOf('/api/v1/meters')].sort()).toEqual(['GET', 'POST']);
    expect([...methodsOf('/api/v1/meters/a.b%2Fc')].sort()).toEqual(['DELETE', 'GET', 'PUT']);
    expect(methodsOf('/api/v1/unicorns')).toEqual([]);
    expect(methodsOf('/api/v1/meters/')).toEqual([]);
  });
});
