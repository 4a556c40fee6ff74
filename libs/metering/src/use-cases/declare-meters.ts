import { acceptedOrThrow, unreachable, type UnitOfWork } from '@ledgerline/kernel';
import { decideDeclaredMeter, type MeterDraft } from '../core/decide-meter.js';
import type { MeterStore } from '../core/ports.js';
import type { CreateMeter } from './create-meter.js';
import type { UpdateMeter } from './update-meter.js';

export interface DeclareMetersPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly create: CreateMeter;
  readonly update: UpdateMeter;
}

/**
 * Brings the meters of the configuration file into being, each in a transaction of its own. A meter that left the file
 * stays: its usage may be billed, so only an explicit deletion ends it.
 */
export class DeclareMeters {
  constructor(private readonly ports: DeclareMetersPorts) {}

  async run(namespace: string, drafts: readonly MeterDraft[]): Promise<void> {
    for (const draft of drafts) {
      await this.ports.unitOfWork.run({ namespace, actor: 'configuration' }, async (tx) => {
        // Api and worker start together and declare the same meters: the second one finds them there.
        await this.ports.meters.lockSet(tx);
        const live = await this.ports.meters.findForChange(tx, draft.slug);
        const decided = acceptedOrThrow(decideDeclaredMeter(draft, live));
        switch (decided.verb) {
          case 'create':
            await this.ports.create.create(tx, draft);
            return;
          case 'update':
            await this.ports.update.update(tx, decided.meter.id, decided.change);
            return;
          case 'keep':
            return;
          default:
            unreachable(decided);
        }
      });
    }
  }
}
