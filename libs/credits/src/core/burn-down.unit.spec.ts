import { describe, expect, it } from '@jest/globals';
import { type BurnTableOptions, burnTable } from '../../test/burn-table.js';

const plays = (text: string, options: BurnTableOptions = {}): void => {
  const { expected, computed } = burnTable(text, options);
  expect(expected.length).toBeGreaterThan(0);
  expect(computed).toEqual(expected);
};

describe('burning down', () => {
  it('takes priority first, then what expires sooner', () =>
    plays(`
      at     | grant | amount | prio | more           | usage | balances        | overage
      Jan 1  | A     | 100    | 1    | expires Jan 31 |       |                 |
      Jan 1  | B     | 100    | 1    |                |       |                 |
      Jan 1  | C     | 50     | 0    |                |       |                 |
      Jan 2  |       |        |      |                | 180   |                 |
      Jan 10 |       |        |      |                |       | A 0, B 70, C 0  | 0
    `));

  it('leaves overage, which the next grant pays first', () =>
    plays(`
      at           | grant | amount | prio | more | usage | balances     | overage
      Jan 1        | A     | 500    | 1    |      |       |              |
      Jan 1 12:05  |       |        |      |      | 1000  |              |
      Jan 1 12:30  |       |        |      |      |       | A 0          | 500
      Jan 1 12:31  | B     | 8000   | 1    |      |       | A 0, B 7500  | 0
      Jan 1 12:35  |       |        |      |      | 1000  |              |
      Jan 1 13:31  |       |        |      |      |       | A 0, B 6500  | 0
    `));

  it('counts usage up to the instant asked for, not at it', () =>
    plays(`
      at           | grant | amount | prio | more | usage | balances | overage
      Jan 1        | A     | 100    | 1    |      |       |          |
      Jan 1 12:00  |       |        |      |      | 10    | A 100    | 0
      Jan 1 12:01  |       |        |      |      |       | A 90     | 0
    `));

  it('includes a grant at the minute it starts and not at the minute it ends', () =>
    plays(`
      at          | grant | amount | prio | more          | usage | balances   | overage
      Jan 1       | A     | 100    | 1    | expires Jan 5 |       |            |
      Jan 3       | B     | 10     | 2    |               |       | A 100, B 10 | 0
      Jan 4 23:59 |       |        |      |               |       | A 100, B 10 | 0
      Jan 5       |       |        |      |               |       | B 10       | 0
    `));

  it('loses what is left of a voided grant', () =>
    plays(`
      at          | grant | amount | prio | more                                | usage | balances | overage
      Jan 1       | D     | 500    | 1    |                                     |       |          |
      Jan 2       | W     | 10000  | 1    | expires Jan 9, voided Jan 2 14:54   |       |          |
      Jan 2 13:09 |       |        |      |                                     | 10    |          |
      Jan 2 15:09 |       |        |      |                                     | 12    |          |
      Jan 2 16:38 |       |        |      |                                     |       | D 488    | 0
    `));
});

describe('recurrences', () => {
  it('set the balance to the amount, once each, and pay overage', () =>
    plays(`
      at          | grant | amount | prio | more       | usage | balances   | overage
      Jan 1       | R     | 100    | 1    | recurs P1D |       |            |
      Jan 1 01:00 |       |        |      |            | 120   |            |
      Jan 1 02:00 |       |        |      |            |       | R 0        | 20
      Jan 2       |       |        |      |            |       | R 80       | 0
      Jan 2 01:00 |       |        |      |            | 50    |            |
      Jan 2 12:00 | L     | 10     | 9    |            |       | L 10, R 30 | 0
      Jan 3       |       |        |      |            |       | L 10, R 100 | 0
    `));

  it('are not lost on a reset in whose period another grant starts', () =>
    plays(`
      at     | grant | amount | prio | more       | usage | balances    | overage
      Jan 1  | R     | 100    | 1    | recurs P1M |       |             |
      Jan 2  |       |        |      |            | 70    |             |
      Feb 1  |       |        |      |            |       | R 100       | 0
      Feb 10 | L     | 10     | 9    |            |       | L 10, R 100 | 0
    `));
});

describe('resets', () => {
  it('roll over between the minimum and the maximum, which wins', () =>
    plays(`
      at     | grant | amount | prio | more            | usage | balances                        | overage
      Jan 1  | A     | 100    | 1    | max 100         |       |                                 |
      Jan 1  | B     | 100    | 2    | max 30          |       |                                 |
      Jan 1  | C     | 100    | 3    | min 20, max 100 |       |                                 |
      Jan 1  | D     | 100    | 4    | min 80, max 50  |       |                                 |
      Jan 1  | E     | 100    | 5    |                 |       |                                 |
      Jan 2  |       |        |      |                 | 60    | A 100, B 100, C 100, D 100, E 100 | 0
      Jan 31 |       |        |      |                 |       | A 40, B 100, C 100, D 100, E 100 | 0
      Feb 1  |       |        |      |                 |       | A 40, B 30, C 100, D 50, E 0    | 0
    `));

  it('forgive overage unless it is preserved', () => {
    const months = (feb: string, mar: string, apr: string): string => `
      at     | grant | amount | prio | more             | usage | balances | overage
      Jan 1  | D     | 100    | 1    | min 100, max 100 |       |          |
      Jan 2  |       |        |      |                  | 250   |          |
      Jan 3  |       |        |      |                  |       | D 0      | 150
      Feb 1  |       |        |      |                  |       | ${feb}
      Feb 2  |       |        |      |                  | 30    |          |
      Mar 1  |       |        |      |                  |       | ${mar}
      Apr 1  |       |        |      |                  |       | ${apr}
    `;
    plays(months('D 100 | 0', 'D 100 | 0', 'D 100 | 0'));
    plays(months('D 0 | 50', 'D 20 | 0', 'D 100 | 0'), { preserveOverage: true });
  });

  it('make a grant that starts with them pay preserved overage too', () =>
    plays(
      `
      at     | grant | amount | prio | more | usage | balances  | overage
      Jan 1  | A     | 100    | 1    |      |       |           |
      Jan 2  |       |        |      |      | 110   |           |
      Feb 1  | B     | 100    | 1    |      |       | A 0, B 90 | 0
    `,
      { preserveOverage: true },
    ));

  it('make a recurrence of the same instant pay preserved overage too', () =>
    plays(
      `
      at     | grant | amount | prio | more                       | usage | balances | overage
      Jan 1  | R     | 100    | 1    | recurs P1M, min 50, max 50 |       |          |
      Jan 2  |       |        |      |                            | 110   |          |
      Feb 1  |       |        |      |                            |       | R 90     | 0
    `,
      { preserveOverage: true },
    ));

  it('follow a manual reset only at its own instant', () =>
    plays(
      `
      at     | grant | amount | prio | more             | usage | balances | overage
      Jan 1  | D     | 100    | 1    | min 100, max 100 |       |          |
      Jan 2  |       |        |      |                  | 150   |          |
      Feb 1  |       |        |      |                  |       | D 100    | 0
      Feb 2  |       |        |      |                  | 110   |          |
      Feb 9  |       |        |      |                  |       | D 90     | 0
    `,
      { manualResets: [{ at: 'Feb 9', preserveOverage: true }] },
    ));
});

describe('other meters', () => {
  it('count distinct values per usage period', () =>
    plays(
      `
      at     | grant | amount | prio | more         | usage | balances | overage
      Jan 1  | A     | 5      | 1    | min 5, max 5 |       |          |
      Jan 2  |       |        |      |              | 7     |          |
      Jan 3  |       |        |      |              | 7     |          |
      Jan 9  |       |        |      |              |       | A 4      | 0
      Feb 2  |       |        |      |              | 7     |          |
      Feb 3  |       |        |      |              | 8     |          |
      Feb 9  | B     | 1      | 9    |              |       | A 3, B 1 | 0
      Feb 10 |       |        |      |              | 8     |          |
      Feb 11 |       |        |      |              |       | A 3, B 1 | 0
    `,
      { aggregation: 'UNIQUE_COUNT' },
    ));

  it('measure a gauge against all active amounts, whatever was before', () =>
    plays(
      `
      at     | grant | amount | prio | more           | usage | balances   | overage
      Jan 1  | A     | 100    | 1    |                |       |            |
      Jan 2  |       |        |      |                | 130   |            |
      Jan 3  |       |        |      |                |       | A 0        | 30
      Jan 4  | B     | 50     | 2    | expires Jan 20 |       | A 0, B 20  | 0
      Jan 5  |       |        |      |                | 60    |            |
      Jan 6  |       |        |      |                |       | A 40, B 50 | 0
      Jan 7  |       |        |      |                | 130   |            |
      Jan 20 |       |        |      |                |       | A 0        | 30
      Feb 1  |       |        |      |                |       | A 100      | 0
    `,
      { aggregation: 'LATEST', preserveOverage: true },
    ));

  it('give corrections back in reverse burn order, and keep what no grant can take', () => {
    plays(`
      at     | grant | amount | prio | more           | usage | balances    | overage
      Jan 1  | A     | 50     | 1    |                |       |             |
      Jan 1  | B     | 50     | 2    |                |       |             |
      Jan 2  |       |        |      |                | 70    |             |
      Jan 3  | C     | 5      | 9    | expires Jan 31 |       | A 0, B 30, C 5 | 0
      Jan 4  |       |        |      |                | -40   |             |
      Jan 5  |       |        |      |                |       | A 20, B 50, C 5 | 0
      Jan 6  |       |        |      |                | -50   |             |
      Jan 7  |       |        |      |                |       | A 70, B 50, C 5 | 0
    `);
    plays(`
      at     | grant | amount | prio | more | usage | balances | overage
      Jan 2  |       |        |      |      | -20   |          |
      Jan 3  |       |        |      |      |       |          | 0
      Jan 4  | A     | 100    | 1    |      |       | A 120    | 0
    `);
  });
});
