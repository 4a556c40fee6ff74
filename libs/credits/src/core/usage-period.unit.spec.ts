import { describe, expect, it } from '@jest/globals';
import { instant, type Period, toRfc3339 } from '@ledgerline/kernel';
import { minuteAt, repeats } from '../../test/builders.js';
import { decideReset } from './decide-reset.js';
import { intervalName, parseInterval } from './interval.js';
import { resetsWithin, resetTimeline, type UsagePeriodEntry, usagePeriodAt } from './usage-period.js';

const entry = (
  from: string,
  interval: string,
  anchor = from,
  preserveOverage?: boolean,
): UsagePeriodEntry => ({
  ...repeats(interval, anchor),
  from: instant(from),
  preserveOverage,
});
const text = ({ from, to }: Period): string => `${toRfc3339(from)}/${toRfc3339(to)}`;

describe('usage periods', () => {
  it('are found however far the anchor is', () => {
    const hourly = [entry('1990-01-01T00:00:00Z', 'PT1H')];
    expect(text(usagePeriodAt(hourly, instant('2025-03-01T10:30:00Z')))).toBe(
      '2025-03-01T10:00:00Z/2025-03-01T11:00:00Z',
    );
    expect(
      resetTimeline(hourly, instant('2025-03-01T10:30:00Z'), instant('2025-03-01T12:00:00Z')).map(toRfc3339),
    ).toEqual(['2025-03-01T11:00:00Z', '2025-03-01T12:00:00Z']);
  });

  it('do not depend on the order of their entries, and of two at one instant the later one counts', () => {
    const entries = [
      entry('2025-01-01T00:00:00Z', 'P1M'),
      entry('2025-01-10T00:00:00Z', 'P1M', '2025-01-01T00:00:00Z'),
      entry('2025-01-10T00:00:00Z', 'P1D'),
    ];
    const [a, b, c] = entries;
    const at = instant('2025-01-12T01:00:00Z');
    expect(text(usagePeriodAt(entries, at))).toBe('2025-01-12T00:00:00Z/2025-01-13T00:00:00Z');
    expect(text(usagePeriodAt([b!, c!, a!], at))).toBe('2025-01-12T00:00:00Z/2025-01-13T00:00:00Z');
    expect(
      resetTimeline(entries, instant('2025-01-09T00:00:00Z'), instant('2025-01-11T00:00:00Z')),
    ).toHaveLength(2);
  });

  it('name an instant once where a manual reset meets a programmatic one', () => {
    const entries = [entry('2025-01-01T00:00:00Z', 'P1D'), entry('2025-01-03T00:00:00Z', 'P1D')];
    const timeline = resetTimeline(entries, instant('2025-01-02T00:00:00Z'), instant('2025-01-04T00:00:00Z'));
    expect(timeline.map(toRfc3339)).toEqual([
      '2025-01-02T00:00:00Z',
      '2025-01-03T00:00:00Z',
      '2025-01-04T00:00:00Z',
    ]);
  });

  it('let a manual reset keep overage for itself only', () => {
    const entries = [
      entry('2025-01-01T00:00:00Z', 'P1W'),
      entry('2025-01-10T00:00:00Z', 'P1W', '2025-01-01T00:00:00Z', true),
    ];
    const resets = resetsWithin(
      entries,
      minuteAt('2025-01-01T00:00:00Z'),
      minuteAt('2025-01-15T00:00:00Z'),
      false,
    );
    expect(resets.map(({ at, preserveOverage }) => `${toRfc3339(at)} ${preserveOverage}`)).toEqual([
      '2025-01-08T00:00:00Z false',
      '2025-01-10T00:00:00Z true',
      '2025-01-15T00:00:00Z false',
    ]);
  });
});

describe('deciding on a reset', () => {
  const now = instant('2025-03-10T12:00:30Z');
  const monthly = entry('2025-01-15T00:00:00Z', 'P1M', '2025-01-01T00:00:00Z');

  it('starts the rhythm anew, unless the anchor is retained', () => {
    const moved = decideReset({}, [monthly], now);
    const kept = decideReset({ retainAnchor: true, preserveOverage: true }, [monthly], now);
    expect(moved.refused ?? toRfc3339(moved.accepted.anchor)).toBe('2025-03-10T12:00:00Z');
    expect(kept.refused ?? toRfc3339(kept.accepted.anchor)).toBe('2025-01-01T00:00:00Z');
    expect(kept.refused ?? kept.accepted.preserveOverage).toBe(true);
  });

  it('is refused before a reset that has been made', () => {
    const later = { ...monthly, from: instant('2025-03-20T00:00:00Z') };
    const decision = decideReset({ effectiveAt: instant('2025-03-09T00:00:00Z') }, [monthly, later], now);
    expect(decision.refused?.detail).toContain('another reset at 2025-03-20T00:00:00Z');
  });
});

describe('intervals', () => {
  it.each([
    ['month', 'MONTH'],
    ['P1M', 'MONTH'],
    ['P7D', 'WEEK'],
    ['P12M', 'YEAR'],
    ['PT24H', undefined],
    ['P2W', undefined],
  ])('%s is named %s', (written, name) => {
    const interval = parseInterval(written);
    expect(interval).toBeDefined();
    expect(interval && intervalName(interval)).toBe(name);
  });

  it.each(['', 'FORTNIGHT', 'P0D', 'PT59M', '-P1D', 'P9999Y'])('%p is no interval', (written) => {
    expect(parseInterval(written)).toBeUndefined();
  });
});
