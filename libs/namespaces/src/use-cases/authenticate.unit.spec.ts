import { describe, expect, it } from '@jest/globals';
import type { OperationId } from '@ledgerline/contract';
import { instant, type Instant, Refused } from '@ledgerline/kernel';
import type { ApiKey } from '../core/api-key.js';
import { Authenticate } from './authenticate.js';
import { hashOfKey, newKeyText } from './key-secret.js';

const text = newKeyText();
const header = `Bearer ${text}`;

function stage(change: Partial<ApiKey> = {}) {
  const state = { nowMs: 0, now: instant('2025-06-15T12:00:00Z'), asked: 0, fails: false };
  const keys = new Map<string, ApiKey>();
  const key: ApiKey = {
    id: 'k1',
    namespace: 'acme',
    name: 'ci',
    prefix: 'llk_',
    hash: hashOfKey(text),
    scopes: ['read'],
    createdAt: state.now,
    expiresAt: undefined,
    revokedAt: undefined,
    lastUsedAt: undefined,
    version: 1,
    ...change,
  };
  keys.set(key.hash, key);
  const lookup = {
    use: (hash: string) => {
      state.asked += 1;
      return state.fails ? Promise.reject(new Error('no database')) : Promise.resolve(keys.get(hash));
    },
  };
  const authenticate = new Authenticate(lookup, { now: (): Instant => state.now }, () => state.nowMs);
  const ask = async (operation: OperationId, authorization: string | undefined = header) => {
    try {
      return await authenticate.run(operation, authorization);
    } catch (error) {
      if (error instanceof Refused) return error.refusal.kind;
      throw error;
    }
  };
  return { state, keys, key, ask };
}

describe('who asks', () => {
  it('is the namespace of the key, and the key by its id', async () => {
    expect(await stage().ask('listMeters')).toEqual({ namespace: 'acme', actor: 'api-key:k1' });
  });

  it('is nobody without a key that is valid, in one and the same way', async () => {
    const { ask } = stage();
    const other = `Bearer ${newKeyText()}`;
    for (const wrong of [undefined, '', 'Bearer x', `${header}x`, `Basic ${text}`, other]) {
      // An explicit undefined would become the default.
      expect(await (wrong === undefined ? stage().ask('listMeters', '') : ask('listMeters', wrong))).toBe(
        'unauthenticated',
      );
    }
    expect(await stage({ revokedAt: instant('2025-01-01T00:00:00Z') }).ask('listMeters')).toBe(
      'unauthenticated',
    );
  });

  it('asks the database for nothing that cannot be a key', async () => {
    const { ask, state } = stage();
    await ask('listMeters', `Bearer ${text.slice(0, -1)}!`);
    expect(state.asked).toBe(0);
  });

  it('may do what the scope says', async () => {
    const { ask } = stage();
    expect(await ask('createMeter')).toBe('forbidden');
    expect(await ask('listApiKeys')).toBe('forbidden');
    expect(await ask('createNamespace')).toBe('forbidden');
    expect(await stage({ scopes: ['operator'] }).ask('listMeters')).toBe('forbidden');
  });

  it('is left to the operation where it says so, without a namespace', async () => {
    expect(await stage().ask('queryPortalMeter', 'Bearer whatever')).toEqual({
      namespace: '',
      actor: 'anonymous',
    });
  });

  it('expires with domain time, also while the key is remembered', async () => {
    const { ask, state } = stage({ expiresAt: instant('2025-06-15T13:00:00Z') });
    expect(await ask('listMeters')).toMatchObject({ namespace: 'acme' });
    state.now = instant('2025-06-15T13:00:00Z');
    expect(await ask('listMeters')).toBe('unauthenticated');
  });

  it('is remembered for two seconds, so a revocation is felt well within five', async () => {
    const { ask, state, keys, key } = stage();
    await ask('listMeters');
    keys.set(key.hash, { ...key, revokedAt: state.now });
    state.nowMs = 1_999;
    expect(await ask('listMeters')).toMatchObject({ namespace: 'acme' });
    expect(state.asked).toBe(1);
    state.nowMs = 2_000;
    expect(await ask('listMeters')).toBe('unauthenticated');
  });

  it('is asked for again after a failure and after a stranger', async () => {
    const { ask, state, keys, key } = stage();
    state.fails = true;
    await expect(ask('listMeters')).rejects.toThrow('no database');
    state.fails = false;
    keys.clear();
    expect(await ask('listMeters')).toBe('unauthenticated');
    keys.set(key.hash, key);
    expect(await ask('listMeters')).toMatchObject({ namespace: 'acme' });
  });
});
