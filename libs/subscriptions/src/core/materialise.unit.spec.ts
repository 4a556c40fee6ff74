import { describe, expect, it } from '@jest/globals';
import { addDuration, instant, type Instant, isAtOrBefore, sameInstant, toRfc3339 } from '@ledgerline/kernel';
import fc from 'fast-check';
import { buildItem, buildPhase, buildSpec, buildSubscription, duration, start } from '../../test/builders.js';
import { alignedBillingPeriodAt } from './aligned-billing-period.js';
import { type Cadence, hasLength, materialise, overlaps } from './materialise.js';
import { pickItems } from './pick-items.js';
import { viewOf } from './subscription.js';
import type { SubscriptionSpec } from './subscription-spec.js';

const span = ({ activeFrom, activeTo }: Cadence): string =>
  `${toRfc3339(activeFrom).slice(0, 10)}..${activeTo === undefined ? '' : toRfc3339(activeTo).slice(0, 10)}`;
const phasesOf = (spec: SubscriptionSpec): string[] =>
  materialise(spec).map((phase) => `${phase.spec.key} ${span(phase)}`);
const itemsOf = (spec: SubscriptionSpec): string[] =>
  materialise(spec).flatMap(({ items }) =>
    items.map((item) => `${item.spec.key}@${item.version} ${span(item)}`),
  );

describe('materialise', () => {
  const trial = [buildPhase('trial', 'PT0S'), buildPhase('pro', 'P1M')];

  it('puts phases one after the other', () => {
    expect(phasesOf(buildSpec({ phases: trial }))).toEqual([
      'trial 2024-01-01..2024-02-01',
      'pro 2024-02-01..',
    ]);
  });

  it.each([
    ['2024-03-15T00:00:00Z', ['trial 2024-01-01..2024-02-01', 'pro 2024-02-01..2024-03-15']],
    // A phase that never comes to be keeps its place and has no length.
    ['2024-01-15T00:00:00Z', ['trial 2024-01-01..2024-01-15', 'pro 2024-02-01..2024-02-01']],
    ['2024-01-01T00:00:00Z', ['trial 2024-01-01..2024-01-01', 'pro 2024-02-01..2024-02-01']],
  ])('clips them to an end at %s', (end, expected) => {
    expect(phasesOf(buildSpec({ phases: trial, activeTo: instant(end) }))).toEqual(expected);
  });

  it('keeps the order of phases that start together', () => {
    const skipped = { ...buildPhase('b', 'PT0S'), sortHint: 0 };
    const first = { ...buildPhase('a', 'PT0S'), sortHint: 1 };
    expect(phasesOf(buildSpec({ phases: [first, skipped] }))).toEqual([
      'b 2024-01-01..2024-01-01',
      'a 2024-01-01..',
    ]);
  });

  it('clips versions of items to their offsets and to the phase', () => {
    const items = [
      buildItem({ activeToOffset: duration('P5D') }),
      buildItem({ activeFromOffset: duration('P5D'), activeToOffset: duration('P2M') }),
      buildItem({ activeFromOffset: duration('P2M') }),
      buildItem({ key: 'seat' }),
    ];
    const spec = buildSpec({ phases: [buildPhase('p', 'PT0S', ...items), buildPhase('q', 'P1M')] });
    expect(itemsOf(spec)).toEqual([
      'base@0 2024-01-01..2024-01-06',
      'base@1 2024-01-06..2024-02-01',
      // It would begin after its phase has ended.
      'base@2 2024-02-01..2024-02-01',
      'seat@0 2024-01-01..2024-02-01',
      'base@0 2024-02-01..',
    ]);
  });
});

describe('overlaps', () => {
  const cadence = (from: string, to?: string): Cadence => ({
    activeFrom: instant(`2024-01-${from}T00:00:00Z`),
    ...(to === undefined ? {} : { activeTo: instant(`2024-01-${to}T00:00:00Z`) }),
  });
  it.each([
    [cadence('01'), cadence('20'), true],
    [cadence('01', '10'), cadence('10'), false],
    [cadence('01', '11'), cadence('10'), true],
    [cadence('05', '05'), cadence('01'), false],
    [cadence('01', '05'), cadence('07', '09'), false],
  ])('%#', (a, b, expected) => {
    expect([overlaps(a, b), overlaps(b, a)]).toEqual([expected, expected]);
  });
});

describe('pickItems', () => {
  const versions = [
    buildItem({ activeToOffset: duration('P5D') }),
    buildItem({ activeFromOffset: duration('P10D'), activeToOffset: duration('P20D') }),
  ];
  const [phase] = viewOf(
    buildSubscription({ phases: [buildPhase('p', 'PT0S', ...versions), buildPhase('q', 'P1M')] }),
  ).phases;
  it.each([
    ['2023-12-31T00:00:00Z', [0]], // a future phase shows its first version
    ['2024-01-02T00:00:00Z', [0]],
    ['2024-01-07T00:00:00Z', []], // no version is active in between
    ['2024-01-12T00:00:00Z', [1]],
    ['2024-01-25T00:00:00Z', []],
    ['2024-02-10T00:00:00Z', [1]], // a past phase shows its last
  ])('at %s: %j', (at, expected) => {
    expect(pickItems(phase!, instant(at)).map(({ version }) => version)).toEqual(expected);
  });
});

const arbitrarySpec = fc
  .record({
    lengths: fc.array(fc.constantFrom('P1M', 'P2W', 'PT36H', 'P3M', 'P10D', 'PT0S'), { maxLength: 4 }),
    startDay: fc.integer({ min: 0, max: 800 }),
    anchorDay: fc.integer({ min: -800, max: 800 }),
    endDay: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
    cadence: fc.constantFrom('P1M', 'P1W', 'P3M', 'P1Y'),
  })
  .map(({ lengths, startDay, anchorDay, endDay, cadence }) => {
    const activeFrom = start.add({ hours: 24 * startDay });
    const plan = lengths.reduce<{ at: string[]; phases: ReturnType<typeof buildPhase>[] }>(
      ({ at, phases }, length, index) => {
        const offset = at.reduce((sum, text) => addDuration(sum, duration(text)), start);
        const hours = Number(offset.epochNanoseconds - start.epochNanoseconds) / 3.6e12;
        return {
          at: [...at, length],
          phases: [...phases, { ...buildPhase(`p${index}`, `PT${hours}H`), sortHint: index }],
        };
      },
      { at: [], phases: [] },
    );
    return buildSpec({
      activeFrom,
      activeTo: endDay === undefined ? undefined : activeFrom.add({ hours: 24 * endDay }),
      billingAnchor: start.add({ hours: 24 * anchorDay }),
      billingCadence: duration(cadence),
      phases: plan.phases.length === 0 ? [buildPhase('only', 'PT0S')] : plan.phases,
    });
  });

describe('properties', () => {
  it('phases with a length tile the subscription without gap or overlap', () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const phases = materialise(spec).filter(hasLength);
        let at: Instant | undefined = spec.activeFrom;
        for (const phase of phases) {
          expect(at !== undefined && sameInstant(phase.activeFrom, at)).toBe(true);
          at = phase.activeTo;
        }
        const covered = phases.length === 0 ? spec.activeFrom : at;
        expect(covered?.toString()).toBe(spec.activeTo?.toString());
      }),
    );
  });

  it('the aligned billing period contains its instant, lies in one phase and meets the next one', () => {
    fc.assert(
      fc.property(arbitrarySpec, fc.integer({ min: 0, max: 700 }), (spec, day) => {
        const at = spec.activeFrom.add({ hours: 24 * day + 7 });
        fc.pre(spec.activeTo === undefined || !isAtOrBefore(spec.activeTo, at));
        const view = { ...spec, phases: materialise(spec) };
        const period = alignedBillingPeriodAt(view, at);
        expect(isAtOrBefore(period.from, at) && !isAtOrBefore(period.to, at)).toBe(true);
        const within = view.phases.filter(
          (phase) =>
            isAtOrBefore(phase.activeFrom, period.from) &&
            (phase.activeTo === undefined || isAtOrBefore(period.to, phase.activeTo)),
        );
        expect(within.filter(hasLength)).toHaveLength(1);
        const ends = spec.activeTo !== undefined && sameInstant(period.to, spec.activeTo);
        if (!ends) expect(sameInstant(alignedBillingPeriodAt(view, period.to).from, period.to)).toBe(true);
      }),
    );
  });
});
