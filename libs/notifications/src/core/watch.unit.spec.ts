import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { afterLook, planLook, unwatched } from './watch.js';

const day = (n: number) => instant(`2025-01-${String(n).padStart(2, '0')}T00:00:00Z`);
const facts = { now: day(10), awakeSince: day(1), isWished: false };
const watch = { ...unwatched('e'), dueAt: day(20), looks: 3 };
const plan = (changed: Partial<typeof watch> & { askedAt?: ReturnType<typeof day> }, more = {}) => {
  const look = planLook({ ...watch, ...changed }, { ...facts, ...more });
  return look && `${look.kind} ${look.at.toString().slice(8, 10)}`;
};

describe('what to look at', () => {
  it('is nothing while nothing changed', () => {
    expect(plan({})).toBeUndefined();
  });
  it('is now when somebody wishes it', () => {
    expect(plan({ askedAt: day(9) })).toBe('wish 10');
    expect(plan({}, { isWished: true })).toBe('wish 10');
  });
  it('is each change by time first, as of when it happened', () => {
    expect(plan({ dueAt: day(5), askedAt: day(9) })).toBe('change 05');
    expect(plan({ dueAt: day(10) })).toBe('change 10');
  });
  it('skips what happened before any rule was awake', () => {
    expect(plan({ dueAt: day(2) }, { awakeSince: day(8) })).toBe('change 08');
    expect(plan({ dueAt: day(2) }, { awakeSince: day(12) })).toBe('change 10');
  });
});

describe('after a look', () => {
  const asked = { ...watch, askedAt: day(9), asks: 4, resets: [{ effectiveAt: day(8), recordedAt: day(9) }] };
  const wish = { kind: 'wish', at: day(10) } as const;

  it('the wish is fulfilled', () => {
    expect(afterLook(asked, asked, { look: wish, nextChangeAt: day(20) })).toMatchObject({
      dueAt: day(20),
      askedAt: undefined,
      resets: [],
      looks: 4,
    });
  });
  it('a wish that came meanwhile stays, and so does every wish after a change by time', () => {
    const meanwhile = { ...asked, asks: 5 };
    expect(afterLook(asked, meanwhile, { look: wish, nextChangeAt: undefined }).askedAt).toEqual(day(9));
    const change = { kind: 'change', at: day(5) } as const;
    expect(afterLook(asked, asked, { look: change, nextChangeAt: undefined }).resets).toHaveLength(1);
  });
});
