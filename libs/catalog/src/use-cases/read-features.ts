import { Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { featureNotFound } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { FeatureListQuery, FeaturePage, FeatureStore } from '../core/ports.js';
import { FEATURES } from '../tokens.js';

/** Features by id, key or as a list. */
export class ReadFeatures {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  /** Live ones only. */
  async get(namespace: string, idOrKey: string): Promise<Feature> {
    const feature = await this.features.find(this.unitOfWork.reader(namespace), idOrKey);
    if (feature === undefined || feature.archivedAt !== undefined) {
      throw new Refused(featureNotFound(idOrKey));
    }
    return feature;
  }

  list(namespace: string, query: FeatureListQuery): Promise<FeaturePage> {
    return this.features.list(this.unitOfWork.reader(namespace), query);
  }
}
