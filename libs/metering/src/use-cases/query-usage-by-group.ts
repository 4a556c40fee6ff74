import { acceptedOrThrow, type Instant, invariant, isBefore, refusal, Refused } from '@ledgerline/kernel';
import { answerMeterQuery } from '../core/answer-meter-query.js';
import { meterNotFound } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import type { AnswerRow, MeterQuery, UsageRow } from '../core/meter-query.js';
import { answerRowsMax, planMeterQuery, scopeOf, wholeSeconds } from '../core/plan-meter-query.js';
import type { WatchedQuery } from '../core/ports.js';
import { type MeterQueryInput, readMeterQuery, refuseCustomerFilter } from '../core/read-meter-query.js';
import { readStringFilter, type StringFilterInput } from '../core/string-filter.js';
import { askUsage, chooseSource, rawSource } from './choose-source.js';
import { findCustomers } from './find-customers.js';
import type { UsagePorts } from './usage-ports.js';

/** A meter query whose rows are told apart further than the asker sees: by more group keys, and at instants. */
export interface GroupedUsageQuestion {
  readonly namespace: string;
  readonly meterId: string;
  readonly input: MeterQueryInput;
  /** By group key of the meter, besides the filters of the input; a key the meter does not have is a conflict. */
  readonly filters: Readonly<Record<string, StringFilterInput>>;
  /** Group keys of the meter, besides those of the input; a key the meter does not have is a conflict. */
  readonly partBy: readonly string[];
  /** Usage before and from each of these instants on is told apart. Bounds are whole seconds. */
  readonly cuts: readonly Instant[];
  /** With it the progress of the statements can be seen. */
  readonly watched?: WatchedQuery | undefined;
}

/** A row of the answer, or a part of one. Parts of SUM and COUNT add up to their row; those of others do not. */
export interface UsagePart {
  /** Where the piece of time that it was counted in begins and ends; undefined where nothing bounds it. */
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  /** Windows and groups as the input asked for. */
  readonly row: AnswerRow;
  /** Values of `partBy`, in its order. */
  readonly by: readonly string[];
}

export interface GroupedUsage {
  readonly query: MeterQuery;
  readonly parts: readonly UsagePart[];
}

type Piece = Pick<UsagePart, 'from' | 'to'>;

/** Each piece of time is a statement of its own; more would keep the asker waiting longer than a request should take. */
const usagePiecesMax = 100;

/** Usage in parts, for rooms that value each part differently. Exact. */
export class QueryUsageByGroup {
  constructor(private readonly ports: UsagePorts) {}

  async run(question: GroupedUsageQuestion): Promise<GroupedUsage> {
    const { unitOfWork, meters, usage } = this.ports;
    const meter = await meters.find(unitOfWork.reader(question.namespace), question.meterId);
    if (meter === undefined) throw new Refused(meterNotFound(question.meterId));
    const { input } = question;
    const customers = await findCustomers(
      this.ports,
      question.namespace,
      acceptedOrThrow(refuseCustomerFilter(input)),
    );
    const facts = { meter, customers, timeZones: await usage.timeZones() };
    const query = acceptedOrThrow(readMeterQuery(input, facts));
    const finer = finerQuery(query, question, meter);
    const pieces = piecesOf(query, question.cuts);
    if (pieces.length > usagePiecesMax) {
      const message = `usage would have to be cut into more than ${usagePiecesMax} pieces: ask for a shorter time`;
      throw new Refused(refusal.invalid(message));
    }
    const parts: UsagePart[] = [];
    for (const piece of pieces) {
      const rows = await this.ask(meter, { ...finer, ...piece }, question.watched);
      parts.push(...partsOf(rows, { meter, query, finer, piece, partBy: question.partBy }));
      if (parts.length > answerRowsMax) {
        const message = `the answer needs more than ${answerRowsMax} rows: ask for a shorter time or larger windows`;
        throw new Refused(refusal.invalid(message));
      }
    }
    return { query, parts: parts.length === 0 ? nothingUsed(meter, query, question) : parts };
  }

  private async ask(
    meter: Meter,
    query: MeterQuery,
    watched: WatchedQuery | undefined,
  ): Promise<readonly UsageRow[]> {
    const { unitOfWork, versions, partitions, usage } = this.ports;
    const db = unitOfWork.reader(meter.namespace);
    const keys = [
      ...query.filters.map(({ key }) => key),
      ...query.groupBy.flatMap((column) => (column.kind === 'dimension' ? [column.key] : [])),
    ];
    const rows = await askUsage(
      () => chooseSource(versions, db, { meter, keys, partitions }),
      rawSource(meter),
      ({ source, extraction }) =>
        usage.meterRows(
          planMeterQuery(scopeOf(meter, extraction, source, query), query),
          query.groupBy.length,
          watched,
        ),
    );
    invariant(rows !== 'meters-moved', 'raw events do not depend on the set of meters');
    return rows;
  }
}

function finerQuery(query: MeterQuery, question: GroupedUsageQuestion, meter: Meter): MeterQuery {
  const asked = new Set(query.groupBy.flatMap((column) => (column.kind === 'dimension' ? [column.key] : [])));
  for (const key of [...question.partBy, ...Object.keys(question.filters)]) {
    if (!meter.groupBy.some((group) => group.key === key)) {
      throw new Refused(refusal.conflict(`meter ${meter.slug} has no group by key ${key}`));
    }
  }
  const more = [...new Set(question.partBy)].filter((key) => !asked.has(key));
  const filters = Object.entries(question.filters).flatMap(([key, input]) => {
    const filter = acceptedOrThrow(readStringFilter(input, key));
    return filter === undefined ? [] : [{ key, filter }];
  });
  return {
    ...query,
    groupBy: [...query.groupBy, ...more.map((key) => ({ kind: 'dimension', key }) as const)],
    filters: [...query.filters, ...filters],
  };
}

/** The time asked for, cut at every instant that lies within it. */
function piecesOf(query: MeterQuery, cuts: readonly Instant[]): readonly Piece[] {
  const within = cuts
    .filter((cut) => query.from === undefined || wholeSeconds(cut) > wholeSeconds(query.from))
    .filter((cut) => query.to === undefined || wholeSeconds(cut) < wholeSeconds(query.to))
    .sort((a, b) => (isBefore(a, b) ? -1 : 1))
    .filter((cut, at, all) => at === 0 || wholeSeconds(cut) !== wholeSeconds(all[at - 1] ?? cut));
  return [query.from, ...within].map((from, at) => ({ from, to: within[at] ?? query.to }));
}

interface PartFacts {
  readonly meter: Meter;
  readonly query: MeterQuery;
  readonly finer: MeterQuery;
  readonly piece: Piece;
  readonly partBy: readonly string[];
}

function partsOf(rows: readonly UsageRow[], facts: PartFacts): readonly UsagePart[] {
  // A count of nothing is one row of the whole answer, not one of each piece.
  if (rows.length === 0) return [];
  const asked = new Set(
    facts.query.groupBy.flatMap((column) => (column.kind === 'dimension' ? [column.key] : [])),
  );
  return answerMeterQuery(facts.meter.aggregation, facts.finer, rows).map((row) => ({
    ...facts.piece,
    row: {
      ...row,
      groupBy: Object.fromEntries(Object.entries(row.groupBy).filter(([key]) => asked.has(key))),
    },
    by: facts.partBy.map((key) => row.groupBy[key] ?? ''),
  }));
}

const nothingUsed = (meter: Meter, query: MeterQuery, { partBy }: GroupedUsageQuestion) =>
  answerMeterQuery(meter.aggregation, query, []).map((row) => ({
    from: query.from,
    to: query.to,
    row,
    by: partBy.map(() => ''),
  }));
