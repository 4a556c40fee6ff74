import { acceptedOrThrow, newId, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { decideCreateMeter, type MeterDraft } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import type { MeterStore } from '../core/ports.js';
import { meterFact } from './meter-facts.js';

/** Who acts, and where. */
export interface Caller {
  readonly namespace: string;
  readonly actor: string;
  readonly requestId?: string;
}

export const scopeOfCaller = (
  caller: Caller,
): { readonly namespace: string; readonly actor: string; readonly cause?: string } => ({
  namespace: caller.namespace,
  actor: caller.actor,
  ...(caller.requestId === undefined ? {} : { cause: caller.requestId }),
});

export class CreateMeter {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: MeterStore,
  ) {}

  run(caller: Caller, draft: MeterDraft): Promise<Meter> {
    return this.unitOfWork.run(scopeOfCaller(caller), (tx) => this.create(tx, draft));
  }

  /** Within a transaction of the caller's. */
  async create(tx: Tx, draft: MeterDraft): Promise<Meter> {
    const slugTaken = (await this.meters.findLive(tx, draft.slug)) !== undefined;
    const facts = { namespace: tx.namespace, id: newId(), now: tx.at, slugTaken };
    const meter = acceptedOrThrow(decideCreateMeter(draft, facts));
    await this.meters.insert(tx, meter);
    await this.unitOfWork.append(tx, [meterFact('MeterCreated', meter)]);
    return meter;
  }
}
