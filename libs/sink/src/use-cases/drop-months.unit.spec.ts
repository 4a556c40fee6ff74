import { describe, expect, it } from '@jest/globals';
import type { PartCensus, RetainedTable } from '../core/retention.js';
import { dropMonths } from './drop-months.js';

/** A table of named parts whose steps can be made to fail. */
class FakeTable implements RetainedTable {
  readonly steps: string[] = [];
  fails: string | undefined;

  constructor(readonly parts: Map<number, PartCensus[]>) {}

  months(month: number): Promise<number[]> {
    return Promise.resolve([...this.parts.keys()].filter((one) => one < month).sort((a, b) => a - b));
  }

  census(month: number): Promise<PartCensus[]> {
    return this.step(`census ${month}`, [...(this.parts.get(month) ?? [])]);
  }

  async keepMarks(month: number): Promise<void> {
    await this.step(`marks ${month}`, undefined);
  }

  async dropPart(name: string): Promise<'dropped' | 'gone'> {
    await this.step(`drop ${name}`, undefined);
    for (const [month, parts] of this.parts) {
      const found = parts.findIndex((part) => part.name === name);
      if (found === -1) continue;
      parts.splice(found, 1);
      if (parts.length === 0) this.parts.delete(month);
      return 'dropped';
    }
    return 'gone';
  }

  async deleteLeaving(month: number): Promise<void> {
    await this.step(`delete ${month}`, undefined);
    this.parts.set(
      month,
      (this.parts.get(month) ?? []).map(({ name, rows, leaving }) => ({
        name: `${name}'`,
        rows: rows - leaving,
        leaving: 0,
      })),
    );
  }

  private step<T>(name: string, answer: T): Promise<T> {
    if (this.fails === name) return Promise.reject(new Error(`failed: ${name}`));
    this.steps.push(name);
    return Promise.resolve(answer);
  }
}

const cutoff = { month: 202_603, seconds: 0 };
const months = (): FakeTable =>
  new FakeTable(
    new Map([
      [202_602, [{ name: 'c', rows: 5, leaving: 5 }]],
      [
        202_601,
        [
          { name: 'a', rows: 10, leaving: 10 },
          { name: 'b', rows: 10, leaving: 4 },
        ],
      ],
      [202_603, [{ name: 'd', rows: 7, leaving: 7 }]],
    ]),
  );

describe('dropping months', () => {
  it('writes marks first, drops whole parts, deletes from mixed ones, and leaves the kept months alone', async () => {
    const table = months();
    expect(await dropMonths(table, cutoff)).toEqual([
      { month: 202_601, rows: 14, held: 6 },
      { month: 202_602, rows: 5, held: 0 },
    ]);
    expect(table.steps).toEqual([
      ...['census 202601', 'marks 202601', 'drop a', 'delete 202601'],
      ...['census 202602', 'marks 202602', 'drop c'],
    ]);
    expect([...table.parts.keys()].sort()).toEqual([202_601, 202_603]);
  });

  it('writes nothing where nothing leaves', async () => {
    const table = new FakeTable(new Map([[202_601, [{ name: 'a', rows: 3, leaving: 0 }]]]));
    expect(await dropMonths(table, cutoff)).toEqual([{ month: 202_601, rows: 0, held: 3 }]);
    expect(table.steps).toEqual(['census 202601']);
  });

  it.each(['marks 202601', 'drop a', 'delete 202601', 'drop c'])(
    'does the rest in the next run when it fails at: %s',
    async (step) => {
      const table = months();
      table.fails = step;
      await expect(dropMonths(table, cutoff)).rejects.toThrow(step);
      table.fails = undefined;
      await dropMonths(table, cutoff);
      expect([...table.parts]).toEqual(
        expect.arrayContaining([[202_601, [expect.objectContaining({ rows: 6, leaving: 0 })]]]),
      );
      expect([...table.parts.keys()].sort()).toEqual([202_601, 202_603]);
    },
  );

  it('looks again when a merge took a part away, and gives up after three looks', async () => {
    const table = new FakeTable(new Map([[202_601, [{ name: 'a', rows: 3, leaving: 3 }]]]));
    table.dropPart = () => Promise.resolve('gone');
    expect(await dropMonths(table, cutoff)).toEqual([{ month: 202_601, rows: 0, held: 0 }]);
    expect(table.steps.filter((step) => step.startsWith('census'))).toHaveLength(3);
  });
});
