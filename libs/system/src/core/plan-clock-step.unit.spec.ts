import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { planClockStep } from './plan-clock-step.js';

const day = (n: number) => instant(`2025-01-${String(n).padStart(2, '0')}T00:00:00Z`);
const plan = (now: number, target: number, dues: readonly number[]) => {
  const step = planClockStep(day(now), day(target), dues.map(day));
  return `${step.kind} ${step.at.toString().slice(8, 10)}`;
};

describe('planClockStep', () => {
  it.each([
    [1, 10, [], 'arrive 10'],
    [1, 10, [20], 'arrive 10'],
    [1, 10, [5], 'stop-for-work 05'],
    [1, 10, [7, 5, 20], 'stop-for-work 05'],
    [1, 10, [10], 'stop-for-work 10'], // due at the target is due
    [5, 10, [2], 'stop-for-work 05'], // overdue: done where the clock stands
    [5, 5, [5], 'stop-for-work 05'],
    [5, 5, [], 'arrive 05'],
  ] as const)('from %d to %d with work due at %j: %s', (now, target, dues, expected) => {
    expect(plan(now, target, dues)).toBe(expected);
  });
});
