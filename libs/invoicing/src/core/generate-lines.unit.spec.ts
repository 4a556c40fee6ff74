import { describe, expect, it } from '@jest/globals';
import { instant, isAtOrBefore, sameInstant, toRfc3339 } from '@ledgerline/kernel';
import fc from 'fast-check';
import { aSubscription, flat, unit, type ViewDraft } from '../../test/builders.js';
import { generationLimit, scheduleLines } from './generate-lines.js';

const shown = (draft: ViewDraft, asOf: string): string[] =>
  scheduleLines(aSubscription(draft), instant(asOf)).lines.map(
    (line) =>
      `${line.uniqueId.split('/').slice(1).join('/')} ${toRfc3339(line.servicePeriod.from).slice(0, 10)}..` +
      `${toRfc3339(line.servicePeriod.to).slice(0, 10)} @${toRfc3339(line.invoiceAt).slice(0, 10)}`,
  );

describe('how far lines are generated', () => {
  const view = aSubscription({ items: [{ key: 'fee', price: flat('5') }] });
  it.each([
    ['2023-12-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T00:00:00.001Z', '2024-02-01T00:00:00Z'],
    ['2024-01-31T23:59:59Z', '2024-02-01T00:00:00Z'],
    ['2024-02-01T00:00:00Z', '2024-02-01T00:00:00Z'],
  ])('as of %s it is %s', (asOf, limit) => {
    expect(toRfc3339(generationLimit(view, instant(asOf)))).toBe(limit);
  });

  it('shows the first lines of a paid phase that is yet to come', () => {
    const phases = [
      { key: 'trial', from: '2024-01-01T00:00:00Z', to: '2024-04-01T00:00:00Z', items: [{ key: 'api' }] },
      { key: 'paid', from: '2024-04-01T00:00:00Z', items: [{ key: 'fee', price: flat('5') }] },
    ];
    expect(shown({ phases }, '2024-01-10T00:00:00Z')).toEqual([
      'paid/fee/v[0]/period[0] 2024-04-01..2024-05-01 @2024-04-01',
    ]);
  });

  it('is nothing for a subscription that costs nothing', () => {
    expect(
      scheduleLines(aSubscription({ items: [{ key: 'api' }] }), instant('2024-01-10T00:00:00Z')),
    ).toEqual({
      lines: [],
      generatedUntil: undefined,
    });
  });
});

describe('lines of an item', () => {
  it('go on for more than a thousand periods, as when it is billed by the hour', () => {
    const draft = { items: [{ key: 'api', price: unit('1'), cadence: 'PT1H' }] };
    const lines = shown(draft, '2024-03-01T00:00:00Z');
    expect(lines).toHaveLength((31 + 29) * 24);
    expect(lines.at(-1)).toBe('default/api/v[0]/period[1439] 2024-02-29..2024-03-01 @2024-03-01');
  });

  it('start with a stub when the anchor is not the start', () => {
    const draft = { anchor: '2024-01-15T00:00:00Z', items: [{ key: 'api', price: unit('1') }] };
    expect(shown(draft, '2024-01-16T00:00:00Z')).toEqual([
      'default/api/v[0]/period[0] 2024-01-01..2024-01-15 @2024-01-15',
      'default/api/v[0]/period[1] 2024-01-15..2024-02-15 @2024-02-15',
    ]);
  });

  it('are due together when they are shorter than the billing period', () => {
    const draft = { items: [{ key: 'week', price: flat('1', 'in_arrears'), cadence: 'P1W' }] };
    const due = new Set(shown(draft, '2024-01-02T00:00:00Z').map((line) => line.split('@')[1]));
    expect([...due]).toEqual(['2024-02-01']);
  });

  it('end with the subscription', () => {
    const draft = { to: '2024-01-20T00:00:00Z', items: [{ key: 'api', price: unit('1') }] };
    expect(shown(draft, '2024-03-01T00:00:00Z')).toEqual([
      'default/api/v[0]/period[0] 2024-01-01..2024-01-20 @2024-01-20',
    ]);
  });

  it('of a fee in arrears that is due once wait for an end', () => {
    const items = [{ key: 'exit', price: flat('1', 'in_arrears'), cadence: null }];
    expect(shown({ items }, '2024-03-01T00:00:00Z')).toEqual([]);
    expect(shown({ items, to: '2024-01-15T00:00:00Z' }, '2024-03-01T00:00:00Z')).toEqual([
      'default/exit/v[0] 2024-01-01..2024-01-15 @2024-01-15',
    ]);
  });

  it('tile their time without gap or overlap, each within its full period and its billing period', () => {
    const day = (n: number): string =>
      instant('2024-01-01T00:00:00Z')
        .add({ hours: 24 * n })
        .toString();
    const draft = fc.record({
      anchorDay: fc.integer({ min: -60, max: 60 }),
      fromDay: fc.integer({ min: 0, max: 40 }),
      lastsDays: fc.option(fc.integer({ min: 1, max: 200 })),
      cadence: fc.constantFrom('P1D', 'P1W', 'P1M', 'P3M', 'P1Y'),
      billing: fc.constantFrom('P1W', 'P1M', 'P1Y'),
      asOfDay: fc.integer({ min: 0, max: 120 }),
      arrears: fc.boolean(),
    });
    fc.assert(
      fc.property(draft, ({ anchorDay, fromDay, lastsDays, cadence, billing, asOfDay, arrears }) => {
        const from = day(fromDay);
        const to = lastsDays === null ? undefined : day(fromDay + lastsDays);
        const price = flat('1', arrears ? 'in_arrears' : 'in_advance');
        const view = aSubscription({
          anchor: day(anchorDay),
          cadence: billing,
          phases: [
            { key: 'a', from: day(0), items: [{ key: 'x', price, cadence, from, ...(to && { to }) }] },
          ],
        });
        const { lines, generatedUntil } = scheduleLines(view, instant(day(asOfDay)).add({ seconds: 1 }));
        let at = instant(from);
        for (const line of lines) {
          expect(sameInstant(line.servicePeriod.from, at)).toBe(true);
          expect(isAtOrBefore(line.fullServicePeriod.from, line.servicePeriod.from)).toBe(true);
          expect(isAtOrBefore(line.servicePeriod.to, line.fullServicePeriod.to)).toBe(true);
          expect(isAtOrBefore(line.billingPeriod.from, line.servicePeriod.from)).toBe(true);
          expect(generatedUntil !== undefined && isAtOrBefore(line.invoiceAt, generatedUntil)).toBe(true);
          at = line.servicePeriod.to;
        }
        if (to !== undefined && lines.length > 0) expect(isAtOrBefore(at, instant(to))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
