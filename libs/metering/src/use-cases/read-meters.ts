import { Refused, type UnitOfWork } from '@ledgerline/kernel';
import { meterNotFound } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import type { MeterListQuery, MeterStore } from '../core/ports.js';

/** Meters by id, slug or as a list. */
export class ReadMeters {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: MeterStore,
  ) {}

  /** By id, deleted or not, or by the slug of a live meter. */
  async get(namespace: string, idOrSlug: string): Promise<Meter> {
    const meter = await this.meters.find(this.unitOfWork.reader(namespace), idOrSlug);
    if (meter === undefined) throw new Refused(meterNotFound(idOrSlug));
    return meter;
  }

  list(namespace: string, query: MeterListQuery): Promise<readonly Meter[]> {
    return this.meters.list(this.unitOfWork.reader(namespace), query);
  }
}
