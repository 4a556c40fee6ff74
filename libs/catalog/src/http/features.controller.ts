import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { ArchiveFeature } from '../use-cases/archive-feature.js';
import { CreateFeature } from '../use-cases/create-feature.js';
import { ReadFeatures } from '../use-cases/read-features.js';
import { featureFromApi, featureListFromApi, featureToApi } from './convert.js';

@Controller()
export class FeaturesController {
  constructor(
    @Inject(CreateFeature) private readonly createFeature: CreateFeature,
    @Inject(ArchiveFeature) private readonly archiveFeature: ArchiveFeature,
    @Inject(ReadFeatures) private readonly readFeatures: ReadFeatures,
  ) {}

  @Operation('createFeature')
  async create(request: OpRequest<'createFeature'>): Promise<OpReply<'createFeature'>> {
    return featureToApi(await this.createFeature.run(request.context, featureFromApi(request.body)));
  }

  @Operation('getFeature')
  async get({ path, context }: OpRequest<'getFeature'>): Promise<OpReply<'getFeature'>> {
    return featureToApi(await this.readFeatures.get(context.namespace, path.featureId));
  }

  @Operation('listFeatures')
  async list(request: OpRequest<'listFeatures'>): Promise<OpReply<'listFeatures'>> {
    const { paging, query } = featureListFromApi(request.query);
    const { items, totalCount } = await this.readFeatures.list(request.context.namespace, query);
    const features = items.map(featureToApi);
    return paging === undefined ? features : { items: features, totalCount, ...paging };
  }

  @Operation('deleteFeature')
  async delete({ path, context }: OpRequest<'deleteFeature'>): Promise<OpReply<'deleteFeature'>> {
    await this.archiveFeature.run(context, path.featureId);
  }
}
