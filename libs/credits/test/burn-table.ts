import {
  decimal,
  type Decimal,
  floorToMinute,
  instant,
  type MinuteInstant,
  toNumeric,
  ZERO,
} from '@ledgerline/kernel';
import {
  type Aggregation,
  balanceOf,
  burnBalance,
  type CreditAccount,
  type Grant,
  planBalance,
  type UsageWindow,
} from '../src/core/index.js';
import { aGrant, repeats } from './builders.js';

/*
 * Reads and plays a table like
 *
 *   at            | grant | amount | prio | more                | usage | balances  | overage
 *   Jan 1         | A     | 100    | 1    | expires Feb 1       |       |           |
 *   Jan 10        |       |        |      |                     | 120   |           |
 *   Jan 10 12:00  |       |        |      |                     |       | A 0, B 30 | 0
 *
 * A row grants, uses or looks; a look is calculated from the start of measurement, 1 January 2025 00:00.
 * `more`: expires DATE, voided DATE, recurs ISO-DURATION (from the grant's start), min N, max N, separated by commas.
 */
export interface BurnTableOptions {
  readonly aggregation?: Aggregation;
  /** ISO duration of the usage period, anchored at the start of measurement. */
  readonly period?: string;
  readonly preserveOverage?: boolean;
  readonly manualResets?: readonly { readonly at: string; readonly preserveOverage?: boolean }[];
}

interface Use {
  readonly at: MinuteInstant;
  readonly value: string;
}

interface Look {
  readonly row: number;
  readonly at: MinuteInstant;
  readonly balances: string;
  readonly overage: string;
}

export interface Seen {
  readonly expected: readonly string[];
  readonly computed: readonly string[];
}

const startOfMeasurement = '2025-01-01T00:00:00Z';

/** What each look of the table expects and what the engine says, as text, so that a failure reads like the table. */
export function burnTable(text: string, options: BurnTableOptions = {}): Seen {
  const [, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const grants: Grant[] = [];
  const uses: Use[] = [];
  const looks: Look[] = [];
  for (const [row, cells] of rows.entries()) {
    const [at = '', grant = '', amount = '', prio = '', more = '', usage = '', balances = '', overage = ''] =
      cells;
    const instantAt = timeOf(at);
    if (grant !== '')
      grants.push(
        withMore(
          aGrant(grant, { effectiveAt: instantAt, amount: decimal(amount), priority: Number(prio) }),
          more,
        ),
      );
    if (usage !== '') uses.push({ at: instantAt, value: usage });
    if (overage !== '') looks.push({ row, at: instantAt, balances, overage });
  }
  const account = accountOf(grants, options);
  return {
    expected: looks.map(({ row, balances, overage }) => `row ${row + 1}: ${balances} / ${overage}`),
    computed: looks.map((look) => `row ${look.row + 1}: ${lookAt(account, uses, look.at)}`),
  };
}

function accountOf(grants: readonly Grant[], options: BurnTableOptions): CreditAccount {
  const rhythm = repeats(options.period ?? 'P1M', startOfMeasurement);
  return {
    aggregation: options.aggregation ?? 'SUM',
    grants,
    usagePeriods: [
      { ...rhythm, from: instant(startOfMeasurement) },
      ...(options.manualResets ?? []).map(({ at, preserveOverage }) => ({
        ...rhythm,
        from: timeOf(at),
        preserveOverage,
      })),
    ],
    preserveOverageAtReset: options.preserveOverage ?? false,
  };
}

function lookAt(account: CreditAccount, uses: readonly Use[], at: MinuteInstant): string {
  const plan = planBalance({ ...account, at });
  const run = burnBalance(
    plan,
    plan.windows.map((window) => usageWithin(uses, account.aggregation, window)),
  );
  const { grantBalances, overage } = balanceOf(run);
  const balances = [...grantBalances].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${balances.map(([id, left]) => `${id} ${toNumeric(left)}`).join(', ')} / ${toNumeric(overage)}`;
}

export function usageWithin(
  uses: readonly Use[],
  aggregation: Aggregation,
  { from, to }: UsageWindow,
): Decimal {
  const inside = uses.filter(({ at }) => {
    const ms = at.epochMilliseconds;
    return from.epochMilliseconds <= ms && ms < to.epochMilliseconds;
  });
  switch (aggregation) {
    case 'SUM':
      return inside.reduce((total, { value }) => total.plus(decimal(value)), ZERO);
    case 'COUNT':
      return decimal(inside.length);
    case 'UNIQUE_COUNT':
      return decimal(new Set(inside.map(({ value }) => value)).size);
    case 'LATEST': {
      const last = inside.reduce<Use | undefined>(
        (a, b) => (a === undefined || b.at.epochMilliseconds >= a.at.epochMilliseconds ? b : a),
        undefined,
      );
      return last === undefined ? ZERO : decimal(last.value);
    }
  }
}

function withMore(grant: Grant, more: string): Grant {
  return (more === '' ? [] : more.split(',')).reduce((made, part) => {
    const [word = '', ...rest] = part.trim().split(' ');
    return { ...made, ...fieldOf(word, rest.join(' '), grant.effectiveAt) };
  }, grant);
}

function fieldOf(word: string, value: string, effectiveAt: MinuteInstant): Partial<Grant> {
  switch (word) {
    case 'expires':
      return { expiresAt: timeOf(value) };
    case 'voided':
      return { voidedAt: timeOf(value) };
    case 'recurs':
      return { recurrence: repeats(value, effectiveAt.toString()) };
    case 'min':
      return { minRollover: decimal(value) };
    case 'max':
      return { maxRollover: decimal(value) };
    default:
      throw new Error(`a burn table knows no "${word}"`);
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Feb 1" or "Feb 1 12:30", in 2025. */
function timeOf(text: string): MinuteInstant {
  const [month = '', day = '', clock = '00:00'] = text.split(' ');
  const index = months.indexOf(month) + 1;
  if (index === 0) throw new Error(`not a time of a burn table: ${text}`);
  const two = (value: number | string): string => String(value).padStart(2, '0');
  return floorToMinute(instant(`2025-${two(index)}-${two(day)}T${clock}:00Z`));
}
