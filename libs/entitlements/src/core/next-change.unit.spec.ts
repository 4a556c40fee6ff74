import { describe, expect, it } from '@jest/globals';
import { decimal, floorToMinute, instant, parseDuration, ZERO } from '@ledgerline/kernel';
import type { EntitlementGrant, MeteredEntitlement } from './entitlement.js';
import { nextChangeAfter } from './next-change.js';

const minute = (text: string) => floorToMinute(instant(text));
const interval = (text: string) => {
  const duration = parseDuration(text);
  if (duration === undefined) throw new Error(text);
  return duration;
};

const start = minute('2025-01-01T00:00:00Z');
const entitlement: MeteredEntitlement = {
  id: 'e',
  namespace: 'n',
  customerId: 'c',
  featureId: 'f',
  featureKey: 'f',
  type: 'metered',
  meterId: 'm',
  activeFrom: start,
  usagePeriod: { interval: interval('P1M'), anchor: start },
  measureUsageFrom: start,
  isSoftLimit: false,
  preserveOverageAtReset: false,
  resets: [],
  createdAt: start,
  updatedAt: start,
};
const grant: EntitlementGrant = {
  id: 'g',
  entitlementId: 'e',
  amount: decimal(10),
  priority: 1,
  effectiveAt: start,
  minRollover: ZERO,
  maxRollover: ZERO,
  createdAt: start,
  updatedAt: start,
};
const next = (
  grants: readonly EntitlementGrant[],
  after: string,
  changed: Partial<MeteredEntitlement> = {},
) => nextChangeAfter({ ...entitlement, ...changed }, grants, instant(after))?.toString();

describe('the next change by time', () => {
  it('is the end of the usage period, and then the end of the next one', () => {
    expect(next([grant], '2025-01-01T00:00:00Z')).toBe('2025-02-01T00:00:00Z');
    expect(next([grant], '2025-02-01T00:00:00Z')).toBe('2025-03-01T00:00:00Z');
  });

  it('is the start, the recurrence or the end of a grant', () => {
    const later = { ...grant, effectiveAt: minute('2025-01-10T00:00:00Z') };
    expect(next([later], '2025-01-05T00:00:00Z')).toBe('2025-01-10T00:00:00Z');
    const recurring = { ...grant, recurrence: { interval: interval('P1D'), anchor: start } };
    expect(next([recurring], '2025-01-05T00:00:00Z')).toBe('2025-01-06T00:00:00Z');
    const expiring = { ...grant, expiresAt: minute('2025-01-07T12:00:00Z') };
    expect(next([expiring], '2025-01-05T00:00:00Z')).toBe('2025-01-07T12:00:00Z');
    expect(next([{ ...recurring, ...expiring }], '2025-01-07T00:00:00Z')).toBe('2025-01-07T12:00:00Z');
    expect(next([expiring], '2025-01-07T12:00:00Z')).toBe('2025-02-01T00:00:00Z');
  });

  it('is not that of a grant that never came to be', () => {
    const voided = {
      ...grant,
      effectiveAt: minute('2025-01-10T00:00:00Z'),
      voidedAt: minute('2025-01-09T00:00:00Z'),
    };
    expect(next([voided], '2025-01-05T00:00:00Z')).toBe('2025-02-01T00:00:00Z');
  });

  it('is the end of a life, and nothing after it', () => {
    const activeTo = instant('2025-01-20T00:00:30Z');
    expect(next([grant], '2025-01-05T00:00:00Z', { activeTo })).toBe('2025-01-20T00:00:30Z');
    expect(next([grant], '2025-01-20T00:00:30Z', { activeTo })).toBeUndefined();
    expect(next([grant], '2025-01-05T00:00:00Z', { deletedAt: start })).toBeUndefined();
  });

  it('is the beginning of a life that lies ahead', () => {
    const activeFrom = instant('2025-01-03T00:00:00Z');
    expect(next([], '2025-01-02T00:00:00Z', { activeFrom })).toBe('2025-01-03T00:00:00Z');
  });
});
