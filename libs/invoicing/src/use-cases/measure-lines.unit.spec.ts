import { describe, expect, it } from '@jest/globals';
import {
  decimal,
  instant,
  type Period,
  refusal,
  Refused,
  toRfc3339,
  type UnitOfWork,
} from '@ledgerline/kernel';
import { unit } from '../../test/builders.js';
import type { Line, Metered } from '../core/line.js';
import type { UsageQuestion } from '../core/ports.js';
import { MeasureLines } from './measure-lines.js';

const now = instant('2024-01-01T00:00:00Z');
const day = (n: number): Period => ({
  from: now.add({ hours: 24 * n }),
  to: now.add({ hours: 24 * (n + 1) }),
});
const lineOf = (id: string, featureId: string, period: Period): Line => ({
  id,
  namespace: 'default',
  invoiceId: 'i',
  currency: 'USD',
  name: id,
  price: unit('1'),
  featureId,
  managedBy: 'subscription',
  period,
  invoiceAt: period.to,
  createdAt: now,
  updatedAt: now,
});
const group = (period: Period) => ({ group: { period } as never });

const shown = ({ preLinePeriodQuantity: before, quantity }: Metered): string =>
  `${before.toFixed()}+${quantity.toFixed()}`;

/** Usage of a day is its number; features whose id begins with "no" are unknown. */
function measureLines(refuses: (question: UsageQuestion) => boolean = () => false) {
  const questions: string[] = [];
  const measure = new MeasureLines(
    { reader: () => ({ namespace: 'default' }) } as unknown as UnitOfWork,
    {
      find: (_, id) =>
        Promise.resolve(
          id.startsWith('no')
            ? undefined
            : {
                id,
                namespace: 'default',
                key: id,
                name: id,
                meterId: `meter-${id}`,
                createdAt: now,
                updatedAt: now,
              },
        ),
    },
    { get: (_, id) => Promise.resolve({ aggregation: id === 'meter-avg' ? 'AVG' : 'SUM' }) },
    {
      run: (question) => {
        questions.push(`${question.meterId}: ${question.periods.length}`);
        if (refuses(question)) return Promise.reject(new Refused(refusal.invalid('too far')));
        const value = ({ to }: Period) => decimal(Number(toRfc3339(to).slice(8, 10)) - 1);
        return Promise.resolve(question.periods.map((period) => ({ value: value(period), windows: [] })));
      },
    },
  );
  const run = async (lines: readonly Parameters<MeasureLines['run']>[2][number][]) =>
    [...(await measure.run('default', { usageAttribution: { subjectKeys: ['a'] } }, lines))].map(
      ([id, answer]) =>
        `${id} ${answer.refused === undefined ? shown(answer.accepted) : answer.refused.detail}`,
    );
  return { questions, run };
}

describe('measuring lines', () => {
  it('asks a meter once for all lines of a feature, and gives each line its own answer', async () => {
    const { questions, run } = measureLines();
    const lines = [
      { line: lineOf('a1', 'a', day(0)) },
      { line: lineOf('b1', 'b', day(1)) },
      { line: lineOf('a5', 'a', day(4)), ...group({ from: day(0).from, to: day(9).to }) },
      { line: lineOf('a3', 'a', day(2)) },
    ];
    expect(await run(lines)).toEqual(['a1 0+1', 'b1 0+2', 'a5 4+1', 'a3 0+3']);
    expect(questions).toEqual(['meter-a: 4', 'meter-b: 1']);
  });

  it('refuses only the lines that cannot be measured', async () => {
    const { run } = measureLines();
    const parts = group({ from: day(0).from, to: day(9).to });
    const lines = [
      { line: lineOf('gone', 'no', day(0)) },
      { line: lineOf('whole', 'avg', day(1)) },
      { line: lineOf('part', 'avg', day(2)), ...parts },
      { line: lineOf('fine', 'a', day(3)) },
    ];
    expect(await run(lines)).toEqual([
      'gone there is no feature no',
      'whole 0+2',
      'part usage of a meter with aggregation AVG cannot be billed in parts',
      'fine 0+4',
    ]);
  });

  it('asks for each line alone when the meter refuses them together', async () => {
    const { run } = measureLines(({ periods }) => periods.some(({ to }) => to.equals(day(5).to)));
    const lines = [{ line: lineOf('near', 'a', day(0)) }, { line: lineOf('far', 'a', day(5)) }];
    expect(await run(lines)).toEqual(['near 0+1', 'far too far']);
  });

  it('asks in several questions for more periods than one takes', async () => {
    const { questions, run } = measureLines();
    await run(Array.from({ length: 4_500 }, (_, n) => ({ line: lineOf(`l${n}`, 'a', day(n % 20)) })));
    expect(questions).toEqual(['meter-a: 4000', 'meter-a: 500']);
  });
});
