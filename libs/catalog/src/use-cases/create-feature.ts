import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreateFeature, type FeatureDraft } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { FeatureMeters, FeatureStore } from '../core/ports.js';
import { FEATURE_METERS, FEATURES } from '../tokens.js';
import { featureFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';

export class CreateFeature {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(FEATURE_METERS) private readonly meters: FeatureMeters,
  ) {}

  run(context: RequestContext, draft: FeatureDraft): Promise<Feature> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const meter = draft.meterSlug === undefined ? undefined : await this.meters.hold(tx, draft.meterSlug);
      const keyTaken = (await this.features.findActiveByKey(tx, draft.key)) !== undefined;
      const facts = { namespace: tx.namespace, id: newId(), now: tx.at, meter, keyTaken };
      const feature = acceptedOrThrow(decideCreateFeature(draft, facts));
      await this.features.insert(tx, feature);
      await this.unitOfWork.append(tx, [featureFact('FeatureCreated', feature)]);
      return feature;
    });
  }
}
