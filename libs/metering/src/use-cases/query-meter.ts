import { acceptedOrThrow, invariant, refusal, Refused } from '@ledgerline/kernel';
import { answerMeterQuery } from '../core/answer-meter-query.js';
import { meterNotFound } from '../core/decide-meter.js';
import type { MeterQuery, MeterQueryAnswer } from '../core/meter-query.js';
import { answerRowsMax, planMeterQuery, scopeOf } from '../core/plan-meter-query.js';
import { type MeterQueryInput, readMeterQuery, refuseCustomerFilter } from '../core/read-meter-query.js';
import { askUsage, chooseSource, rawSource } from './choose-source.js';
import { findCustomers } from './find-customers.js';
import type { TrackProgress } from './track-progress.js';
import type { UsagePorts } from './usage-ports.js';

/** Answers one meter query, of a meter by id or slug. */
export class QueryMeter {
  constructor(
    private readonly ports: UsagePorts,
    private readonly progress: TrackProgress,
  ) {}

  /** With a `clientId` the progress of the query can be asked for while it runs. */
  async run(
    namespace: string,
    idOrSlug: string,
    input: MeterQueryInput,
    clientId?: string,
  ): Promise<MeterQueryAnswer> {
    const { unitOfWork, meters, usage } = this.ports;
    const db = unitOfWork.reader(namespace);
    const meter = await meters.find(db, idOrSlug);
    if (meter === undefined) throw new Refused(meterNotFound(idOrSlug));
    const customers = await findCustomers(
      this.ports,
      namespace,
      acceptedOrThrow(refuseCustomerFilter(input)),
    );
    const query = acceptedOrThrow(
      readMeterQuery(input, { meter, customers, timeZones: await usage.timeZones() }),
    );
    const rows = await this.progress.run(namespace, clientId, (watched) =>
      askUsage(
        () =>
          chooseSource(this.ports.versions, db, {
            meter,
            keys: keysOf(query),
            partitions: this.ports.partitions,
          }),
        rawSource(meter),
        ({ source, extraction }) =>
          usage.meterRows(
            planMeterQuery(scopeOf(meter, extraction, source, query), query),
            query.groupBy.length,
            watched,
          ),
      ),
    );
    invariant(rows !== 'meters-moved', 'raw events do not depend on the set of meters');
    if (rows.length > answerRowsMax) {
      throw new Refused(
        refusal.invalid(
          `the answer has more than ${answerRowsMax} rows: ask for a shorter time or larger windows`,
        ),
      );
    }
    return { meter, query, rows: answerMeterQuery(meter.aggregation, query, rows) };
  }
}

/** Group keys whose values the answer depends on. */
const keysOf = (query: MeterQuery): readonly string[] => [
  ...query.filters.map(({ key }) => key),
  ...query.groupBy.flatMap((column) => (column.kind === 'dimension' ? [column.key] : [])),
];
