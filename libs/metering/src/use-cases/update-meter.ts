import { acceptedOrThrow, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { decideUpdateMeter, type MeterChange, meterNotFound } from '../core/decide-meter.js';
import { type LostPast, refuseGroupsWithoutPast } from '../core/lost-past.js';
import type { Meter } from '../core/meter.js';
import type { MeterStore, MeterUseLookup } from '../core/ports.js';
import { type Caller, scopeOfCaller } from './create-meter.js';
import { meterFact } from './meter-facts.js';

export class UpdateMeter {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: MeterStore,
    private readonly use: MeterUseLookup,
    private readonly lost: LostPast,
  ) {}

  run(caller: Caller, idOrSlug: string, change: MeterChange): Promise<Meter> {
    return this.unitOfWork.run(scopeOfCaller(caller), (tx) => this.update(tx, idOrSlug, change));
  }

  /** Within a transaction of the caller's. */
  async update(tx: Tx, idOrSlug: string, change: MeterChange): Promise<Meter> {
    const meter = await this.meters.findForChange(tx, idOrSlug);
    if (meter === undefined) throw new Refused(meterNotFound(idOrSlug));
    const groupByKeysInUse = await this.use.groupByKeysInUse(tx, meter.id);
    const update = acceptedOrThrow(decideUpdateMeter(change, { meter, now: tx.at, groupByKeysInUse }));
    if (update.newVersion) {
      const since = await this.lost.eventsCompleteSince({ namespace: tx.namespace, id: meter.id });
      if (since !== undefined) throw new Refused(refuseGroupsWithoutPast(meter.slug, since));
    }
    await this.meters.update(tx, update.meter, update.newVersion);
    await this.unitOfWork.append(tx, [meterFact('MeterUpdated', update.meter)]);
    return update.meter;
  }
}
