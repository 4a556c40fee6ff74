import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, instant } from '@ledgerline/kernel';
import {
  admitPortalQuery,
  claimsOf,
  decidePortalToken,
  type PortalTokenDraft,
  readBearer,
} from './portal-token.js';

const now = instant('2025-06-15T12:00:00.900Z');
const decide = (draft: Partial<PortalTokenDraft> = {}) =>
  decidePortalToken({ subject: 's1', ...draft }, { id: 'T1', now, lifetimeSeconds: 3600 });
const accepted = (draft: Partial<PortalTokenDraft> = {}) => acceptedOrThrow(decide(draft));

describe('a portal token', () => {
  it('lives as long as configured, to the whole second', () => {
    expect(accepted()).toEqual({
      id: 'T1',
      subject: 's1',
      allowedMeterSlugs: undefined,
      createdAt: now,
      expiresAt: instant('2025-06-15T13:00:00Z'),
      invalidatedAt: undefined,
    });
    expect(accepted({ expiresAt: instant('2025-06-15T12:00:02.5Z') }).expiresAt).toEqual(
      instant('2025-06-15T12:00:02Z'),
    );
    expect(accepted({ allowedMeterSlugs: ['b', 'a', 'b'] }).allowedMeterSlugs).toEqual(['b', 'a']);
  });

  it.each<[string, Partial<PortalTokenDraft>]>([
    ['$.subject', { subject: '' }],
    ['$.subject', { subject: 'x'.repeat(1025) }],
    ['$.allowedMeterSlugs', { allowedMeterSlugs: [] }],
    ['$.allowedMeterSlugs', { allowedMeterSlugs: Array.from({ length: 101 }, (_, n) => `m${n}`) }],
    ['$.expiresAt', { expiresAt: instant('2025-06-15T12:00:00Z') }],
    ['$.expiresAt', { expiresAt: instant('2025-06-15T12:00:00.999Z') }],
    ['$.expiresAt', { expiresAt: instant('2025-06-15T13:00:02Z') }],
  ])('is refused for its %s', (field, draft) => {
    expect(decide(draft).refused).toMatchObject({ kind: 'invalid', issues: [{ field }] });
  });

  it.each([
    [undefined, 'missing authorization header'],
    ['', 'missing authorization header'],
    ['abc', 'invalid authorization header'],
    ['Basic abc', 'invalid authorization header'],
    ['Bearer a b', 'invalid authorization header'],
    ['Bearer ', 'bearer token cannot be empty'],
  ])('is looked for in the header %j', (header, detail) => {
    expect(readBearer(header).refused).toEqual({ kind: 'unauthenticated', detail });
    expect(acceptedOrThrow(readBearer('Bearer abc'))).toBe('abc');
  });

  it('admits its own meters until it ends or is taken back', () => {
    const token = accepted({ allowedMeterSlugs: ['a'] });
    const ask = (change: Partial<Parameters<typeof admitPortalQuery>[1]> = {}, subject = 's1') =>
      admitPortalQuery({ ...claimsOf('ns', token), subject }, { slug: 'a', now, kept: token, ...change });
    expect(acceptedOrThrow(ask())).toEqual({ namespace: 'ns', subject: 's1' });
    expect(ask({ slug: 'b' }).refused?.detail).toBe('meter slug not allowed');
    expect(ask({ now: token.expiresAt }).refused?.detail).toBe('token expired');
    expect(ask({}, '').refused?.detail).toBe('invalid subject');
    expect(ask({ kept: undefined }).refused?.detail).toMatch(/^invalid token: /);
    expect(ask({ kept: { ...token, invalidatedAt: now } }).refused?.detail).toMatch(/^invalid token: /);
  });
});
