import {
  acceptedOrThrow,
  type Decimal,
  type Instant,
  instantFromMs,
  invariant,
  isEmptyPeriod,
  type Period,
  refusal,
  Refused,
  ZERO,
} from '@ledgerline/kernel';
import { valueOfRow, windowEnd } from '../core/answer-meter-query.js';
import { meterNotFound } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import type { WindowSize } from '../core/meter-query.js';
import { scopeOf } from '../core/plan-meter-query.js';
import { planUsageQuery, usagePeriodsMax } from '../core/plan-usage-query.js';
import { readStringFilter, type StringFilter, type StringFilterInput } from '../core/string-filter.js';
import { askUsage, chooseSource, rawSource } from './choose-source.js';
import type { UsagePorts } from './usage-ports.js';

/** Usage of many periods at once, exact. Periods are half open, compared in whole seconds, and may overlap. */
export interface UsageQuestion {
  readonly namespace: string;
  readonly meterId: string;
  /** Whose events, as subjects; undefined for everybody's. */
  readonly subjects: readonly string[] | undefined;
  /** By group key of the meter; a key the meter does not have is a conflict. */
  readonly filters?: Readonly<Record<string, StringFilterInput>> | undefined;
  readonly periods: readonly Period[];
  /** With it each period is cut into the windows it touches. */
  readonly window?: { readonly size: WindowSize; readonly timeZone: string } | undefined;
}

export interface UsageOfPeriod {
  readonly period: Period;
  /** Exact. 0 where there is no usage. */
  readonly value: Decimal;
  /** False where no event of the period has a usable value: then MIN, MAX, AVG and LATEST have no meaning. */
  readonly hasUsage: boolean;
  /** Only with `window`: windows that hold usage, in order; the first and last may reach beyond the period. */
  readonly windows: readonly UsageOfWindow[];
}

export interface UsageOfWindow {
  readonly start: Instant;
  readonly end: Instant;
  readonly value: Decimal;
}

/** The programmatic face of a meter for rooms that decide on usage: one statement for all periods, in their order. */
export class QueryUsage {
  constructor(private readonly ports: UsagePorts) {}

  async run(question: UsageQuestion): Promise<readonly UsageOfPeriod[]> {
    const { unitOfWork, meters, usage, versions, partitions } = this.ports;
    const db = unitOfWork.reader(question.namespace);
    const meter = await meters.find(db, question.meterId);
    if (meter === undefined) throw new Refused(meterNotFound(question.meterId));
    const filters = readFilters(question, meter);
    const periods = question.periods.filter((period) => !isEmptyPeriod(period));
    if (question.periods.length > usagePeriodsMax) {
      throw new Refused(refusal.invalid(`more than ${usagePeriodsMax} periods in one usage query`));
    }
    if (periods.length === 0) return question.periods.map(nothingUsed);
    const query = {
      from: undefined,
      to: undefined,
      subjects: question.subjects,
      customers: undefined,
      filters,
    };
    const rows = await askUsage(
      () => chooseSource(versions, db, { meter, keys: filters.map(({ key }) => key), partitions }),
      rawSource(meter),
      ({ source, extraction }) =>
        usage.periodRows(
          planUsageQuery(
            scopeOf(meter, extraction, source, { ...query, window: undefined, groupBy: [] }),
            periods,
            question.window,
          ),
        ),
    );
    invariant(rows !== 'meters-moved', 'raw events do not depend on the set of meters');
    const answered = periods.map((period) => ({ ...nothingUsed(period), windows: [] as UsageOfWindow[] }));
    for (const row of rows) {
      const whole = answered[row.period];
      const value = valueOfRow(meter.aggregation, row);
      if (whole === undefined || value === undefined) continue;
      if (row.isWindow && question.window !== undefined) {
        whole.windows.push({ value, ...boundsOfWindow(row.startSeconds, question.window) });
      } else {
        answered[row.period] = { ...whole, value, hasUsage: row.count !== '0' };
      }
    }
    let next = 0;
    return question.periods.map((period) => {
      if (isEmptyPeriod(period)) return nothingUsed(period);
      next += 1;
      return answered[next - 1] ?? nothingUsed(period);
    });
  }
}

function boundsOfWindow(
  startSeconds: number,
  window: NonNullable<UsageQuestion['window']>,
): Pick<UsageOfWindow, 'start' | 'end'> {
  const start = instantFromMs(startSeconds * 1000);
  return { start, end: windowEnd(start, window.size, window.timeZone) };
}

const nothingUsed = (period: Period): UsageOfPeriod => ({
  period,
  value: ZERO,
  hasUsage: false,
  windows: [],
});

function readFilters(
  question: UsageQuestion,
  meter: Meter,
): readonly { readonly key: string; readonly filter: StringFilter }[] {
  return Object.entries(question.filters ?? {}).flatMap(([key, input]) => {
    if (!meter.groupBy.some((group) => group.key === key)) {
      throw new Refused(refusal.conflict(`meter ${meter.slug} has no group by key ${key}`));
    }
    const filter = acceptedOrThrow(readStringFilter(input, key));
    return filter === undefined ? [] : [{ key, filter }];
  });
}
