import { describe, expect, it } from '@jest/globals';
import { type Duration, instant, parseDuration, type Refused, toRfc3339 } from '@ledgerline/kernel';
import { alignedBillingPeriodAt } from './aligned-billing-period.js';

const duration = (text: string): Duration => parseDuration(text)!;

function view(anchor: string, ...bounds: readonly (string | undefined)[]) {
  const phases = bounds.slice(0, -1).map((from, index) => {
    const to = bounds[index + 1];
    return { activeFrom: instant(from!), ...(to === undefined ? {} : { activeTo: instant(to) }) };
  });
  return {
    activeFrom: instant(bounds[0]!),
    billingCadence: duration('P1M'),
    billingAnchor: instant(anchor),
    phases,
  };
}

const periodAt = (of: ReturnType<typeof view>, at: string): readonly string[] => {
  const { from, to } = alignedBillingPeriodAt(of, instant(at));
  return [toRfc3339(from), toRfc3339(to)];
};

describe('alignedBillingPeriodAt', () => {
  const open = view('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', undefined);

  it.each([
    ['at the start', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z'],
    ['in the middle', '2024-02-17T12:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['on a boundary', '2024-03-01T00:00:00Z', '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z'],
  ])('follows the anchor %s', (_, at, from, to) => {
    expect(periodAt(open, at)).toEqual([from, to]);
  });

  it('begins with a stub when the anchor is not the start, wherever the anchor lies', () => {
    const stub = ['2024-01-10T08:00:00Z', '2024-02-01T00:00:00Z'];
    for (const anchor of ['2023-06-01T00:00:00Z', '2024-02-01T00:00:00Z', '2030-01-01T00:00:00Z']) {
      expect(periodAt(view(anchor, '2024-01-10T08:00:00Z', undefined), '2024-01-20T00:00:00Z')).toEqual(stub);
    }
  });

  it('keeps to the month ends of an anchor on the 31st', () => {
    const late = view('2024-01-31T00:00:00Z', '2024-01-31T00:00:00Z', undefined);
    expect(periodAt(late, '2024-03-15T00:00:00Z')).toEqual(['2024-02-29T00:00:00Z', '2024-03-31T00:00:00Z']);
  });

  it('never spans two phases', () => {
    const trial = view('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-15T00:00:00Z', undefined);
    expect(periodAt(trial, '2024-01-14T23:59:59Z')).toEqual(['2024-01-01T00:00:00Z', '2024-01-15T00:00:00Z']);
    expect(periodAt(trial, '2024-01-15T00:00:00Z')).toEqual(['2024-01-15T00:00:00Z', '2024-02-01T00:00:00Z']);
  });

  it('passes over phases of zero length', () => {
    const start = '2024-01-01T00:00:00Z';
    const skipped = view(start, start, start, undefined);
    expect(periodAt(skipped, start)).toEqual([start, '2024-02-01T00:00:00Z']);
    const cancelled = view(start, start, '2024-01-20T00:00:00Z', '2024-01-20T00:00:00Z');
    expect(periodAt(cancelled, '2024-01-25T00:00:00Z')).toEqual([start, '2024-01-20T00:00:00Z']);
  });

  it('stays with the last period after the end', () => {
    const ended = view('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2024-03-10T00:00:00Z');
    expect(periodAt(ended, '2025-01-01T00:00:00Z')).toEqual(['2024-03-01T00:00:00Z', '2024-03-10T00:00:00Z']);
  });

  it('is empty when the subscription ended as it began', () => {
    const at = '2024-01-01T00:00:00Z';
    expect(periodAt(view(at, at, at), '2024-02-01T00:00:00Z')).toEqual([at, at]);
  });

  it('refuses an instant before the start with the code clients know', () => {
    expect.assertions(1);
    try {
      alignedBillingPeriodAt(open, instant('2023-12-31T23:59:59Z'));
    } catch (error) {
      expect((error as Refused).refusal).toMatchObject({
        kind: 'invalid',
        issues: [
          {
            code: 'subscription_billing_period_queried_before_subscription_start',
            attributes: { queried_at: '2023-12-31T23:59:59Z', subscription_start: '2024-01-01T00:00:00Z' },
          },
        ],
      });
    }
  });
});
