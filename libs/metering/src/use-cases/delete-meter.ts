import { acceptedOrThrow, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { decideDeleteMeter, meterNotFound } from '../core/decide-meter.js';
import type { MeterStore, MeterUseLookup } from '../core/ports.js';
import { type Caller, scopeOfCaller } from './create-meter.js';
import { meterFact } from './meter-facts.js';

export class DeleteMeter {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: MeterStore,
    private readonly use: MeterUseLookup,
  ) {}

  run(caller: Caller, idOrSlug: string): Promise<void> {
    return this.unitOfWork.run(scopeOfCaller(caller), async (tx) => {
      const meter = await this.meters.findForChange(tx, idOrSlug);
      if (meter === undefined) throw new Refused(meterNotFound(idOrSlug));
      const deleted = acceptedOrThrow(decideDeleteMeter(meter, await this.use.meterUse(tx, meter.id), tx.at));
      if (deleted === undefined) return;
      await this.meters.delete(tx, deleted);
      await this.unitOfWork.append(tx, [meterFact('MeterDeleted', deleted)]);
    });
  }
}
