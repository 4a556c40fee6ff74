import { describe, expect, it } from '@jest/globals';
import { scopes } from '@ledgerline/contract';
import { instant } from '@ledgerline/kernel';
import { type ApiKey, decideCreateApiKey, revoked } from './api-key.js';
import { decodeKeyRecord, encodeKeyRecord } from './key-record.js';
import { decideNamespace } from './namespace.js';
import { allows } from './scopes.js';

const now = instant('2025-06-15T12:00:00Z');
const facts = { id: 'k1', namespace: 'acme', prefix: 'llk_abcdef', hash: 'ff', now, liveKeys: 0 };
const draft = { name: 'ci', scopes: ['ingest'] } as const;
const made = (): ApiKey => {
  const decision = decideCreateApiKey(draft, facts);
  if (decision.refused !== undefined) throw new Error(decision.refused.detail);
  return decision.accepted;
};

describe('making a key', () => {
  it('takes a name, scopes and an end', () => {
    expect(decideCreateApiKey({ ...draft, scopes: ['read', 'read'] }, facts)).toMatchObject({
      accepted: { name: 'ci', scopes: ['read'], version: 1, createdAt: now, revokedAt: undefined },
    });
  });

  it.each([
    [{ name: '' }, {}, '$.name'],
    [{ name: 'a\u0000' }, {}, '$.name'],
    [{ scopes: [] }, {}, '$.scopes'],
    [{ expiresAt: now }, {}, '$.expiresAt'],
    [{}, { liveKeys: 1_000 }, undefined],
  ])('refuses %j with %j', (change, other, field) => {
    const { refused } = decideCreateApiKey({ ...draft, ...change }, { ...facts, ...other });
    expect(refused?.issues?.[0]?.field).toBe(field);
    expect(refused?.kind).toBe(field === undefined ? 'conflict' : 'invalid');
  });

  it('revokes once: the first time stays', () => {
    const first = revoked(made(), now);
    expect(first).toMatchObject({ revokedAt: now, version: 2 });
    expect(revoked(first, instant('2026-01-01T00:00:00Z'))).toBe(first);
  });
});

describe('scopes', () => {
  it('contain each other, but for the operator, who stands apart', () => {
    const table = Object.fromEntries(
      scopes.map((held) => [held, scopes.filter((need) => allows([held], need))]),
    );
    expect(table).toEqual({
      ingest: ['ingest'],
      read: ['read'],
      write: ['ingest', 'read', 'write'],
      admin: ['ingest', 'read', 'write', 'admin'],
      operator: ['operator'],
    });
    expect(allows(['ingest', 'operator'], 'ingest')).toBe(true);
    expect(allows([], 'read')).toBe(false);
  });
});

describe('the record of the topic', () => {
  it('comes back as it went', () => {
    const key = revoked({ ...made(), expiresAt: instant('2025-07-01T00:00:00Z') }, now);
    expect(decodeKeyRecord(encodeKeyRecord(key))).toEqual({
      id: 'k1',
      namespace: 'acme',
      hash: 'ff',
      scopes: ['ingest'],
      version: 2,
      isRevoked: true,
      expiresAtMs: Date.UTC(2025, 6, 1),
    });
  });

  it.each([
    '',
    'null',
    '{}',
    '[]',
    '{"v":2}',
    encodeKeyRecord(made()).replace('"revoked":false', '"revoked":0'),
  ])('refuses %j', (text) => {
    expect(() => decodeKeyRecord(text)).toThrow();
  });

  it('gives nothing for a scope it does not know', () => {
    const text = encodeKeyRecord(made()).replace('["ingest"]', '["everything","read"]');
    expect(decodeKeyRecord(text).scopes).toEqual(['read']);
  });
});

describe('names of namespaces', () => {
  it.each([
    ['acme', true],
    ['acme-2_b', true],
    ['', false],
    ['Acme', false],
    ['a--b', false],
    ['../b', false],
    ['a'.repeat(65), false],
  ])('%j', (name, isFine) => {
    expect(decideNamespace(name).refused === undefined).toBe(isFine);
  });
});
