import { describe, expect, it } from '@jest/globals';
import { decimal, instant, toRfc3339 } from '@ledgerline/kernel';
import { aGrant, minuteAt, repeats } from '../../test/builders.js';
import { decideGrant, decideVoidGrant, type GrantRequest } from './decide-grant.js';
import { defaultGrant } from './default-grant.js';

const now = instant('2025-03-10T12:00:30Z');
const facts = {
  id: 'g1',
  now,
  currentUsagePeriod: { from: instant('2025-03-01T00:00:00Z'), to: instant('2025-04-01T00:00:00Z') },
};
const request = (fields: Partial<GrantRequest> = {}): GrantRequest => ({
  amount: decimal(100),
  effectiveAt: now,
  maxRollover: decimal(0),
  ...fields,
});
const codeOf = (fields: Partial<GrantRequest>): string | undefined =>
  decideGrant(request(fields), facts).refused?.issues?.[0]?.code;

describe('deciding on a grant', () => {
  it('truncates its times to the minute and counts its expiration from there', () => {
    const decision = decideGrant(
      request({
        expiration: { duration: 'MONTH', count: 1 },
        recurrence: { interval: repeats('P1D', '2025-01-01T00:00:00Z').interval },
      }),
      facts,
    );
    expect(decision).toMatchObject({ accepted: { id: 'g1', priority: 0, createdAt: now } });
    if (decision.refused !== undefined) throw new Error(decision.refused.detail);
    expect(toRfc3339(decision.accepted.effectiveAt)).toBe('2025-03-10T12:00:00Z');
    expect(decision.accepted.expiresAt && toRfc3339(decision.accepted.expiresAt)).toBe(
      '2025-04-10T12:00:00Z',
    );
    expect(decision.accepted.recurrence?.anchor.toString()).toBe('2025-03-10T12:00:00Z');
  });

  it.each([
    ['grant_amount_must_be_positive', { amount: decimal(0) }],
    ['grant_priority_out_of_range', { priority: 256 }],
    ['grant_rollover_negative', { maxRollover: decimal(-1) }],
    ['grant_rollover_negative', { minRollover: decimal(-1) }],
    ['grant_effective_before_usage_period', { effectiveAt: instant('2025-02-28T23:59:59Z') }],
    ['grant_expiration_out_of_range', { expiration: { duration: 'YEAR', count: 100_000 } }],
    ['grant_expiration_out_of_range', { expiration: { duration: 'DAY', count: 0 } }],
    [
      'grant_recurrence_out_of_range',
      { recurrence: { interval: repeats('PT1M', '2025-01-01T00:00:00Z').interval } },
    ],
  ] as const)('refuses: %s', (code, fields) => {
    expect(codeOf(fields)).toBe(code);
  });

  it('may be backdated to the start of the usage period, and lie ahead', () => {
    expect(codeOf({ effectiveAt: facts.currentUsagePeriod.from })).toBeUndefined();
    expect(codeOf({ effectiveAt: instant('2030-01-01T00:00:00Z') })).toBeUndefined();
  });
});

describe('voiding a grant', () => {
  const grant = aGrant('g1');

  it('acts from the current minute by default', () => {
    expect(decideVoidGrant(grant, {}, facts)).toEqual({
      accepted: { voidedAt: minuteAt('2025-03-10T12:00:00Z') },
    });
  });

  it('is refused in the future, before the usage period, and twice', () => {
    const details = [
      decideVoidGrant(grant, { at: instant('2025-03-10T13:00:00Z') }, facts),
      decideVoidGrant(grant, { at: instant('2020-01-01T00:00:00Z') }, facts),
      decideVoidGrant({ ...grant, voidedAt: minuteAt('2025-03-02T00:00:00Z') }, {}, facts),
    ].map(({ refused }) => refused?.detail);
    expect(details).toEqual([
      expect.stringContaining('in the future'),
      expect.stringContaining('before the start of the current usage period'),
      expect.stringContaining('already voided'),
    ]);
  });
});

describe('the default grant', () => {
  it('restores its amount at each reset and starts with measurement', () => {
    const grant = defaultGrant({
      ...facts,
      amount: decimal(70),
      measureUsageFrom: instant('2025-03-05T10:00:20Z'),
    });
    expect(grant).toMatchObject({ priority: 1, effectiveAt: minuteAt('2025-03-05T10:00:00Z') });
    expect([grant.minRollover, grant.maxRollover].map(String)).toEqual(['70', '70']);
    expect(grant.expiresAt).toBeUndefined();
  });
});
