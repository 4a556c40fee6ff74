import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CREATE_METER, DELETE_METER, READ_METERS, UPDATE_METER } from '../tokens.js';
import type { CreateMeter } from '../use-cases/create-meter.js';
import type { DeleteMeter } from '../use-cases/delete-meter.js';
import type { ReadMeters } from '../use-cases/read-meters.js';
import type { UpdateMeter } from '../use-cases/update-meter.js';
import { meterChangeFromApi, meterDraftFromApi, meterToApi } from './convert.js';

@Controller()
export class MetersController {
  constructor(
    @Inject(CREATE_METER) private readonly createMeter: CreateMeter,
    @Inject(READ_METERS) private readonly readMeters: ReadMeters,
    @Inject(UPDATE_METER) private readonly updateMeter: UpdateMeter,
    @Inject(DELETE_METER) private readonly deleteMeter: DeleteMeter,
  ) {}

  @Operation('createMeter')
  async create({ body, context }: OpRequest<'createMeter'>): Promise<OpReply<'createMeter'>> {
    return meterToApi(await this.createMeter.run(context, meterDraftFromApi(body)));
  }

  @Operation('getMeter')
  async get({ path, context }: OpRequest<'getMeter'>): Promise<OpReply<'getMeter'>> {
    return meterToApi(await this.readMeters.get(context.namespace, path.meterIdOrSlug));
  }

  @Operation('listMeters')
  async list({ query, context }: OpRequest<'listMeters'>): Promise<OpReply<'listMeters'>> {
    const meters = await this.readMeters.list(context.namespace, {
      includeDeleted: query.includeDeleted,
      orderBy: query.orderBy ?? 'key',
      descending: query.order === 'DESC',
      limit: query.pageSize,
      offset: (query.page - 1) * query.pageSize,
    });
    return meters.map(meterToApi);
  }

  @Operation('updateMeter')
  async update({ path, body, context }: OpRequest<'updateMeter'>): Promise<OpReply<'updateMeter'>> {
    return meterToApi(await this.updateMeter.run(context, path.meterIdOrSlug, meterChangeFromApi(body)));
  }

  @Operation('deleteMeter')
  async delete({ path, context }: OpRequest<'deleteMeter'>): Promise<OpReply<'deleteMeter'>> {
    await this.deleteMeter.run(context, path.meterIdOrSlug);
  }
}
