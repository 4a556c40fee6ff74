import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { type Meter, METER_STORE, type MeterStore } from '@ledgerline/metering';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreateFeature, type FeatureDraft } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { FeatureStore } from '../core/ports.js';
import { FEATURES } from '../tokens.js';
import { featureFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';

export class CreateFeature {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(METER_STORE) private readonly meters: MeterStore,
  ) {}

  run(context: RequestContext, draft: FeatureDraft): Promise<Feature> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const meter = await this.holdMeter(tx, draft.meterSlug);
      const keyTaken = (await this.features.findActiveByKey(tx, draft.key)) !== undefined;
      const facts = { namespace: tx.namespace, id: newId(), now: tx.at, meter, keyTaken };
      const feature = acceptedOrThrow(decideCreateFeature(draft, facts));
      await this.features.insert(tx, feature);
      await this.unitOfWork.append(tx, [featureFact('FeatureCreated', feature)]);
      return feature;
    });
  }

  /** The live meter, kept from being deleted until the feature is written. */
  private async holdMeter(tx: Tx, slug: string | undefined): Promise<Meter | undefined> {
    const meter = slug === undefined ? undefined : await this.meters.findForChange(tx, slug);
    return meter?.slug === slug && meter?.deletedAt === undefined ? meter : undefined;
  }
}
