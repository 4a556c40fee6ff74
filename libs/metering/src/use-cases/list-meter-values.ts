import { acceptedOrThrow, type Clock, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { meterNotFound } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import {
  planEventCounts,
  planGroupValues,
  planMeterSubjects,
  type TimeRange,
  valuesMax,
} from '../core/plan-meter-values.js';
import type { MeterStore, MeterValuesStore } from '../core/ports.js';
import { readGroupValuesRange } from '../core/read-group-values.js';

export interface ListMeterValuesPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly values: MeterValuesStore;
  readonly clock: Clock;
}

/** What there is to choose from: subjects of a meter, values of a group key; and how much came in today. */
export class ListMeterValues {
  constructor(private readonly ports: ListMeterValuesPorts) {}

  async subjects(namespace: string, idOrSlug: string, range: TimeRange): Promise<readonly string[]> {
    const meter = await this.find(namespace, idOrSlug);
    return atMost(await this.ports.values.texts(planMeterSubjects(meter, range)), 'subjects');
  }

  async groupValues(
    namespace: string,
    idOrSlug: string,
    input: Partial<TimeRange> & { readonly key: string },
  ): Promise<readonly string[]> {
    const meter = await this.find(namespace, idOrSlug);
    const asked = acceptedOrThrow(readGroupValuesRange(input, { meter, now: this.ports.clock.now() }));
    const found = await this.ports.values.texts(planGroupValues(meter, asked.path, asked));
    return atMost(found, 'values');
  }

  /** Events per subject with a time since midnight (UTC). */
  async eventsToday(
    namespace: string,
  ): Promise<readonly { readonly subject: string; readonly events: bigint }[]> {
    const midnight = this.ports.clock.now().toZonedDateTimeISO('UTC').startOfDay().toInstant();
    const rows = await this.ports.values.counts(planEventCounts(namespace, midnight));
    return atMost(rows, 'subjects').map(([subject, events]) => ({ subject, events: BigInt(events) }));
  }

  private async find(namespace: string, idOrSlug: string): Promise<Meter> {
    const meter = await this.ports.meters.find(this.ports.unitOfWork.reader(namespace), idOrSlug);
    if (meter === undefined) throw new Refused(meterNotFound(idOrSlug));
    return meter;
  }
}

function atMost<T>(list: readonly T[], what: string): readonly T[] {
  if (list.length <= valuesMax) return list;
  throw new Refused(refusal.invalid(`there are more than ${valuesMax} ${what}: ask for a shorter time`));
}
