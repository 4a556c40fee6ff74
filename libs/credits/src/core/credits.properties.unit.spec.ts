import { describe, expect, it } from '@jest/globals';
import {
  compareInstants,
  type Decimal,
  floorToMinute,
  type MinuteInstant,
  sum,
  toNumeric,
  ZERO,
} from '@ledgerline/kernel';
import fc from 'fast-check';
import { aStory, hourAt, startAt, type Story } from '../../test/arbitrary-account.js';
import { usageWithin } from '../../test/burn-table.js';
import { balanceOf, burnBalance, planBalance } from './balance.js';
import type { BurnOptions, BurnResult, Segment } from './burn-down.js';
import { isGrantActiveAt } from './grant.js';
import { burndownHistory } from './history.js';
import type { Snapshot } from './snapshot.js';

const all = ['SUM', 'COUNT', 'UNIQUE_COUNT', 'LATEST'] as const;
const budgets = ['SUM', 'COUNT', 'UNIQUE_COUNT'] as const;

interface Shortcut extends BurnOptions {
  readonly snapshot?: Snapshot | undefined;
  readonly cuts?: readonly MinuteInstant[];
}

function run({ account, uses }: Story, at: MinuteInstant, shortcut: Shortcut = {}): BurnResult {
  const plan = planBalance({ ...account, at, snapshot: shortcut.snapshot, cuts: shortcut.cuts });
  const usage = plan.windows.map((window) => usageWithin(uses, account.aggregation, window));
  return burnBalance(plan, usage, shortcut);
}

/** All that a caller can see of a result, as text. */
function answer(result: BurnResult): unknown {
  const { balance, usage, overage, totalAvailableGrantAmount, grantBalances } = balanceOf(result);
  return {
    figures: [balance, usage, overage, totalAvailableGrantAmount].map(toNumeric),
    overage: toNumeric(result.end.overage),
    since: result.end.usage.since.toString(),
    grantBalances: [...grantBalances].map(([id, left]) => `${id} ${toNumeric(left)}`).sort(),
  };
}

const segmentText = (segment: Segment): unknown => ({
  span: `${segment.from.toString()} ${segment.to.toString()}`,
  figures: [segment.usage, segment.overageAtStart, segment.overageAtEnd].map(toNumeric),
  balances: [...segment.balancesAtStart].map(([id, left]) => `${id} ${toNumeric(left)}`),
  usages: segment.grantUsages.map(({ grantId, usage }) => `${grantId} ${toNumeric(usage)}`),
  endedBy: segment.endedBy,
});

const lasting = (segments: readonly Segment[]): readonly Segment[] =>
  segments.filter(({ from, to }) => compareInstants(from, to) < 0);

const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void =>
  fc.assert(property, { numRuns: 100 });

const anyHour = fc.integer({ min: 0, max: 60 * 24 }).map(hourAt);
const anyMinute = fc
  .integer({ min: 0, max: 60 * 24 * 60 })
  .map((minutes) => floorToMinute(startAt.add({ minutes })));

describe('burning down, for any grants, resets and usage', () => {
  it('conserves: what was there and what was added is left, used, expired, forfeited or voided', () => {
    check(
      fc.property(aStory(budgets, -40), (story) => {
        const { end, movements } = run(story, story.until);
        for (const grant of story.account.grants) {
          const of = (...kinds: string[]): Decimal =>
            sum(
              movements.filter((m) => m.grantId === grant.id && kinds.includes(m.kind)).map((m) => m.amount),
            );
          const opening = isGrantActiveAt(grant, startAt) ? grant.amount : ZERO;
          const added = opening.plus(of('granted', 'toppedUp', 'raised'));
          const taken = of('used', 'forfeited', 'expired', 'voided', 'deleted');
          const left = end.balances.get(grant.id) ?? ZERO;
          expect(toNumeric(added.minus(taken))).toBe(toNumeric(left));
          // Granted once and in full, or not at all.
          const isOpen = isGrantActiveAt(grant, grant.effectiveAt);
          const startsInside =
            isOpen &&
            compareInstants(grant.effectiveAt, startAt) > 0 &&
            compareInstants(grant.effectiveAt, story.until) <= 0;
          expect(toNumeric(of('granted'))).toBe(toNumeric(startsInside ? grant.amount : ZERO));
        }
      }),
    );
  });

  it('conserves usage: all of it is paid by grants, left as overage, or forgiven by a reset', () => {
    check(
      fc.property(aStory(budgets, -40), (story) => {
        const { end, movements, history, overageForgiven } = run(story, story.until);
        const paid = sum(movements.filter(({ kind }) => kind === 'used').map(({ amount }) => amount));
        const used = sum(history.map(({ usage }) => usage));
        expect(toNumeric(paid.plus(end.overage).plus(overageForgiven))).toBe(toNumeric(used));
      }),
    );
  });

  it('gives the same end in one run as in two, wherever they meet', () => {
    check(
      fc.property(aStory(all), anyMinute, (story, middle) => {
        fc.pre(compareInstants(middle, story.until) <= 0);
        const half = run(story, middle);
        expect(answer(run(story, story.until, { snapshot: half.end }))).toEqual(
          answer(run(story, story.until)),
        );
      }),
    );
  });

  it('gives the same end in two runs that meet where something happens', () => {
    check(
      fc.property(aStory(all), fc.nat(), (story, index) => {
        const whole = run(story, story.until);
        const { from } = whole.history[index % whole.history.length]!;
        const half = run(story, from);
        expect(answer(run(story, story.until, { snapshot: half.end }))).toEqual(answer(whole));
      }),
    );
  });

  it('does not depend on snapshots, neither the answer nor the history after them', () => {
    check(
      fc.property(aStory(all, -40), anyHour, (story, keepUpTo) => {
        const whole = run(story, story.until, { keepUpTo });
        const { kept } = whole;
        if (kept === undefined) return;
        const rest = run(story, story.until, { snapshot: kept });
        expect(answer(rest)).toEqual(answer(whole));
        const after = whole.history.filter(({ from }) => compareInstants(from, kept.at) >= 0);
        expect(lasting(rest.history).map(segmentText)).toEqual(lasting(after).map(segmentText));
      }),
    );
  });

  it('does not depend on the order in which grants, events and resets are listed', () => {
    const shuffled = aStory(all).chain((story) =>
      fc.record({
        story: fc.constant(story),
        grants: fc.shuffledSubarray([...story.account.grants], { minLength: story.account.grants.length }),
        // LATEST is decided by time alone, so events of one minute keep their order.
        uses:
          story.account.aggregation === 'LATEST'
            ? fc.constant([...story.uses])
            : fc.shuffledSubarray([...story.uses], { minLength: story.uses.length }),
      }),
    );
    check(
      fc.property(shuffled, ({ story, grants, uses }) => {
        const other = { ...story, uses, account: { ...story.account, grants } };
        expect(answer(run(other, story.until))).toEqual(answer(run(story, story.until)));
      }),
    );
  });

  it('never makes a balance negative, nor larger than amount and rollover allow', () => {
    check(
      fc.property(aStory(all), (story) => {
        const { end, history } = run(story, story.until);
        const grants = new Map(story.account.grants.map((grant) => [grant.id, grant]));
        for (const balances of [end.balances, ...history.map(({ balancesAtStart }) => balancesAtStart)]) {
          for (const [id, left] of balances) {
            const grant = grants.get(id)!;
            expect(left.isNegative() && !left.isZero()).toBe(false);
            expect(left.lessThanOrEqualTo(grant.amount) || left.lessThanOrEqualTo(grant.maxRollover)).toBe(
              true,
            );
          }
        }
        expect(end.overage.isNegative() && !end.overage.isZero()).toBe(false);
        // Overage and a balance at the same time would mean that somebody was denied although credit was left.
        const active = balanceOf({ ...run(story, story.until) });
        expect(active.overage.isZero() || active.balance.isZero()).toBe(true);
      }),
    );
  });

  it('tells one gapless history, whatever it was cut at', () => {
    check(
      fc.property(aStory(all), fc.array(anyMinute, { maxLength: 4 }), (story, cuts) => {
        const plain = run(story, story.until).history;
        for (const [index, segment] of plain.entries()) {
          const before = index === 0 ? startAt : plain[index - 1]!.to;
          expect(segment.from.toString()).toBe(before.toString());
        }
        expect(plain.at(-1)!.to.toString()).toBe(story.until.toString());
        const cut = burndownHistory(run(story, story.until, { cuts }), startAt);
        expect(lasting(cut).map(segmentText)).toEqual(lasting(plain).map(segmentText));
      }),
    );
  });
});
