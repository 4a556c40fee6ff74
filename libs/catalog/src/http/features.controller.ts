import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { meterQueryFromApi } from '@ledgerline/metering';
import { Controller, Inject } from '@nestjs/common';
import type { Feature } from '../core/feature.js';
import { ArchiveFeature } from '../use-cases/archive-feature.js';
import { CreateFeature } from '../use-cases/create-feature.js';
import { QueryFeatureCost } from '../use-cases/query-feature-cost.js';
import { ReadFeatures } from '../use-cases/read-features.js';
import { ResolvePricing } from '../use-cases/resolve-pricing.js';
import { featureCostToApi, featureFromApi, featureListFromApi, featureToApi } from './convert-feature.js';

@Controller()
export class FeaturesController {
  constructor(
    @Inject(CreateFeature) private readonly createFeature: CreateFeature,
    @Inject(ArchiveFeature) private readonly archiveFeature: ArchiveFeature,
    @Inject(ReadFeatures) private readonly readFeatures: ReadFeatures,
    @Inject(ResolvePricing) private readonly resolvePricing: ResolvePricing,
    @Inject(QueryFeatureCost) private readonly queryFeatureCost: QueryFeatureCost,
  ) {}

  @Operation('createFeature')
  async create(request: OpRequest<'createFeature'>): Promise<OpReply<'createFeature'>> {
    const { context, body } = request;
    return this.shown(context.namespace, await this.createFeature.run(context, featureFromApi(body)));
  }

  @Operation('getFeature')
  async get({ path, context }: OpRequest<'getFeature'>): Promise<OpReply<'getFeature'>> {
    return this.shown(context.namespace, await this.readFeatures.get(context.namespace, path.featureId));
  }

  @Operation('listFeatures')
  async list(request: OpRequest<'listFeatures'>): Promise<OpReply<'listFeatures'>> {
    const { paging, query } = featureListFromApi(request.query);
    const { namespace } = request.context;
    const { items, totalCount } = await this.readFeatures.list(namespace, query);
    const pricing = await this.resolvePricing.run(namespace, items);
    const features = items.map((feature) => featureToApi(feature, pricing.get(feature.id)));
    return paging === undefined ? features : { items: features, totalCount, ...paging };
  }

  @Operation('deleteFeature')
  async delete({ path, context }: OpRequest<'deleteFeature'>): Promise<OpReply<'deleteFeature'>> {
    await this.archiveFeature.run(context, path.featureId);
  }

  @Operation('queryFeatureCost')
  async cost({ path, query, context }: OpRequest<'queryFeatureCost'>): Promise<OpReply<'queryFeatureCost'>> {
    const input = meterQueryFromApi(query);
    const { namespace } = context;
    return featureCostToApi(
      await this.queryFeatureCost.run(namespace, path.featureId, input, query.clientId),
    );
  }

  private async shown(namespace: string, feature: Feature): Promise<OpReply<'getFeature'>> {
    const pricing = await this.resolvePricing.run(namespace, [feature]);
    return featureToApi(feature, pricing.get(feature.id));
  }
}
