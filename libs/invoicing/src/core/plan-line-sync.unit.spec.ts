import { describe, expect, it } from '@jest/globals';
import { decimal, type Instant, instant, newId, samePeriod, toRfc3339 } from '@ledgerline/kernel';
import fc from 'fast-check';
import { aSubscription, flat, unit, type ViewDraft } from '../../test/builders.js';
import { scheduleLines } from './generate-lines.js';
import { currencyOf } from './explain-line.js';
import type { Line, SplitGroup } from './line.js';
import { type ExistingLine, type LineChange, type LinePlace, planLineSync } from './plan-line-sync.js';
import { wantedLine, type WantedLine } from './wanted-line.js';

const wantedOf = (draft: ViewDraft, asOf = '2024-01-02T00:00:00Z'): readonly WantedLine[] => {
  const view = aSubscription(draft);
  return scheduleLines(view, instant(asOf)).lines.flatMap(
    (line) => wantedLine(line, view, currencyOf('USD'), newId) ?? [],
  );
};
const lineOf = (wanted: WantedLine, more: Partial<Line> = {}): Line => ({
  ...wanted.terms,
  id: `line-of-${wanted.uniqueId}`,
  namespace: 'default',
  invoiceId: 'invoice',
  currency: 'USD',
  managedBy: 'subscription',
  period: wanted.period,
  invoiceAt: wanted.invoiceAt,
  subscription: wanted.subscription,
  uniqueId: wanted.uniqueId,
  createdAt: instant('2024-01-01T00:00:00Z'),
  updatedAt: instant('2024-01-01T00:00:00Z'),
  ...more,
});
const existingOf = (
  wanted: readonly WantedLine[],
  place: LinePlace = 'gathering',
  more: Partial<Line> = {},
) =>
  new Map<string, ExistingLine>(
    wanted.map((one) => [one.uniqueId, { kind: 'line', line: lineOf(one, more), place }]),
  );
const kinds = (changes: readonly LineChange[]): string[] =>
  changes.map((change) => {
    if (change.kind === 'create') return `create ${day(change.wanted.period.to)}`;
    if (change.kind === 'update') {
      return `update to ${day(change.set.period.to)}${change.set.undelete ? ' undelete' : ''}`;
    }
    if (change.kind === 'update group') return `group to ${day(change.period.to)}`;
    return change.kind === 'warn' ? `warn ${change.reason}` : change.kind;
  });
const day = (at: Instant): string => toRfc3339(at).slice(5, 10);

const fee = { items: [{ key: 'fee', price: flat('10') }] };
const usage = { items: [{ key: 'api', price: unit('10') }] };
/** The fee until 2 January, then another one. */
const edited = {
  items: [
    { key: 'fee', price: flat('10'), to: '2024-01-02T00:00:00Z' },
    { key: 'fee', price: flat('20'), from: '2024-01-02T00:00:00Z', version: 1 },
  ],
};

describe('bringing lines to what is wanted', () => {
  it.each<[string, ReadonlyMap<string, ExistingLine>, readonly WantedLine[], string[]]>([
    ['missing lines are made', new Map(), wantedOf(fee), ['create 02-01', 'create 03-01']],
    ['lines as wanted stay', existingOf(wantedOf(fee)), wantedOf(fee), []],
    ['unwanted lines go', existingOf(wantedOf(fee)), [], ['delete', 'delete']],
    [
      'an edit cuts the line and adds the new version',
      existingOf(wantedOf(fee)),
      wantedOf(edited),
      [
        'delete', // period[1] of v[0]
        'update to 01-02',
        'create 02-01',
        'create 03-01',
      ],
    ],
    [
      'a draft is corrected in place',
      existingOf(wantedOf(fee).slice(0, 1), 'mutable'),
      wantedOf(edited).slice(0, 1),
      ['update to 01-02'],
    ],
    [
      'an issued fee stays, with a warning',
      existingOf(wantedOf(fee).slice(0, 1), 'immutable'),
      wantedOf(edited).slice(0, 1),
      ['warn amount'],
    ],
    [
      'an issued line that should not be is warned about',
      existingOf(wantedOf(fee).slice(0, 1), 'immutable'),
      [],
      ['warn deleted'],
    ],
    [
      'issued usage is asked about',
      existingOf(wantedOf(usage), 'immutable'),
      wantedOf({ ...usage, to: '2024-01-20T00:00:00Z' }),
      ['warn if usage differs'],
    ],
    [
      'what a person changed stays',
      existingOf(wantedOf(fee), 'gathering', { managedBy: 'manual' }),
      wantedOf(edited).slice(0, 1),
      [],
    ],
    [
      'what a person deleted stays deleted',
      existingOf(wantedOf(fee), 'gathering', {
        managedBy: 'manual',
        deletedAt: instant('2024-01-01T00:00:00Z'),
      }),
      wantedOf(fee),
      [],
    ],
    [
      'a line wanted again comes back',
      existingOf(wantedOf(usage), 'gathering', { deletedAt: instant('2024-01-01T00:00:00Z') }),
      wantedOf(usage),
      ['update to 02-01 undelete'],
    ],
    [
      'lines of a deleted invoice stay with it',
      existingOf(wantedOf(fee), 'deleted invoice'),
      wantedOf(edited).slice(0, 1),
      [],
    ],
  ])('%s', (_, existing, wanted, expected) => {
    expect(kinds(planLineSync(existing, wanted))).toEqual(expected);
  });

  it('keeps the date on which a line was invoiced', () => {
    const [january] = wantedOf(usage);
    if (january === undefined) throw new Error('no line');
    const existing = existingOf([january], 'mutable', { invoiceAt: instant('2024-01-15T00:00:00Z') });
    const [cut] = planLineSync(existing, wantedOf({ ...usage, to: '2024-01-20T00:00:00Z' }));
    expect(cut).toMatchObject({ kind: 'update', set: { invoiceAt: instant('2024-01-15T00:00:00Z') } });
  });
});

describe('lines that are split', () => {
  const [january] = wantedOf(usage);
  if (january === undefined) throw new Error('no line');
  const group: SplitGroup = {
    id: 'group',
    namespace: 'default',
    uniqueId: january.uniqueId,
    period: january.period,
    createdAt: instant('2024-01-01T00:00:00Z'),
    updatedAt: instant('2024-01-01T00:00:00Z'),
  };
  const part = (from: string, to: string, place: LinePlace) => ({
    place,
    line: lineOf(january, {
      id: `${from}..${to}`,
      period: { from: instant(`2024-${from}T00:00:00Z`), to: instant(`2024-${to}T00:00:00Z`) },
      invoiceAt: instant(`2024-${to}T00:00:00Z`),
      uniqueId: undefined,
      splitGroupId: 'group',
    }),
  });
  const split = (first: LinePlace): ReadonlyMap<string, ExistingLine> =>
    new Map([
      [
        january.uniqueId,
        {
          kind: 'group',
          group,
          children: [part('01-01', '01-15', first), part('01-15', '02-01', 'gathering')],
        },
      ],
    ]);

  it.each<[string, LinePlace, string | undefined, string[]]>([
    ['stay as they are', 'mutable', undefined, []],
    [
      'the last part follows an earlier end',
      'mutable',
      '2024-01-20T00:00:00Z',
      ['group to 01-20', 'update to 01-20'],
    ],
    [
      'parts beyond the end go, the one that holds it is cut',
      'mutable',
      '2024-01-10T00:00:00Z',
      ['group to 01-10', 'update to 01-10', 'delete'],
    ],
    [
      'an issued part is asked about',
      'immutable',
      '2024-01-10T00:00:00Z',
      ['group to 01-10', 'warn if usage differs', 'delete'],
    ],
    [
      'an end exactly between two parts takes the second',
      'immutable',
      '2024-01-15T00:00:00Z',
      ['group to 01-15', 'delete'],
    ],
  ])('%s', (_, first, end, expected) => {
    const wanted = wantedOf(end === undefined ? usage : { ...usage, to: end });
    expect(kinds(planLineSync(split(first), wanted))).toEqual(expected);
  });

  it('go altogether when the whole is unwanted', () => {
    expect(kinds(planLineSync(split('mutable'), []))).toEqual(['delete group', 'delete', 'delete']);
  });

  it('grow at their end', () => {
    const short = { ...group, period: { from: group.period.from, to: instant('2024-01-20T00:00:00Z') } };
    const children = [part('01-01', '01-15', 'immutable'), part('01-15', '01-20', 'gathering')];
    const existing = new Map<string, ExistingLine>([
      [january.uniqueId, { kind: 'group', group: short, children }],
    ]);
    expect(kinds(planLineSync(existing, wantedOf(usage)))).toEqual(['group to 02-01', 'update to 02-01']);
  });
});

describe('as properties', () => {
  const item = fc.record({
    key: fc.constantFrom('fee', 'api'),
    amount: fc.integer({ min: 0, max: 50 }),
    untilDay: fc.integer({ min: 2, max: 28 }),
  });
  const draftOf = ({
    amount,
    untilDay,
    key,
  }: {
    key: string;
    amount: number;
    untilDay: number;
  }): ViewDraft => ({
    items: [{ key, price: key === 'fee' ? flat(String(amount)) : unit('3') }],
    to: `2024-01-${String(untilDay).padStart(2, '0')}T00:00:00Z`,
  });

  it('what was brought to the wanted lines needs nothing more', () => {
    fc.assert(
      fc.property(item, item, (before, after) => {
        const wanted = wantedOf(draftOf(after));
        const existing = new Map(existingOf(wantedOf(draftOf(before))));
        for (const change of planLineSync(existing, wanted)) apply(existing, change);
        expect(planLineSync(existing, wanted)).toEqual([]);
        const live = [...existing.values()].flatMap((one) =>
          one.kind === 'line' && one.line.deletedAt === undefined ? [one.line] : [],
        );
        expect(live.length).toBe(wanted.length);
        for (const one of wanted) expect(live.some((line) => samePeriod(line.period, one.period))).toBe(true);
      }),
    );
  });

  function apply(existing: Map<string, ExistingLine>, change: LineChange): void {
    if (change.kind === 'create') {
      existing.set(change.wanted.uniqueId, { kind: 'line', line: lineOf(change.wanted), place: 'gathering' });
    } else if (change.kind === 'update') {
      const { undelete, ...set } = change.set;
      const line = { ...change.line, ...set, ...(undelete ? { deletedAt: undefined } : {}) };
      existing.set(line.uniqueId ?? '', { kind: 'line', line, place: change.place });
    } else if (change.kind === 'delete') {
      const line = { ...change.line, deletedAt: instant('2024-01-01T00:00:00Z') };
      existing.set(line.uniqueId ?? '', { kind: 'line', line, place: change.place });
    }
  }

  it('never bills a fee of nothing', () => {
    expect(
      wantedOf({
        items: [{ key: 'fee', price: { type: 'flat', amount: decimal(0), paymentTerm: 'in_advance' } }],
      }),
    ).toEqual([]);
  });
});
