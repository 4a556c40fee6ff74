import { mediaReply, Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import {
  CREATE_METER,
  DELETE_METER,
  LIST_METER_VALUES,
  QUERY_METER,
  READ_METERS,
  UPDATE_METER,
} from '../tokens.js';
import type { CreateMeter } from '../use-cases/create-meter.js';
import type { DeleteMeter } from '../use-cases/delete-meter.js';
import type { ListMeterValues } from '../use-cases/list-meter-values.js';
import type { QueryMeter } from '../use-cases/query-meter.js';
import type { ReadMeters } from '../use-cases/read-meters.js';
import type { UpdateMeter } from '../use-cases/update-meter.js';
import {
  meterAnswerToApi,
  meterChangeFromApi,
  meterDraftFromApi,
  meterQueryFromApi,
  meterQueryFromApiBody,
  meterToApi,
  rangeFromApi,
} from './convert.js';
import { answerToCsv, wantsCsv } from './csv.js';

@Controller()
export class MetersController {
  constructor(
    @Inject(CREATE_METER) private readonly createMeter: CreateMeter,
    @Inject(READ_METERS) private readonly readMeters: ReadMeters,
    @Inject(UPDATE_METER) private readonly updateMeter: UpdateMeter,
    @Inject(DELETE_METER) private readonly deleteMeter: DeleteMeter,
    @Inject(QUERY_METER) private readonly queryMeter: QueryMeter,
    @Inject(LIST_METER_VALUES) private readonly listMeterValues: ListMeterValues,
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

  @Operation('queryMeter')
  async query({ path, query, headers, context }: OpRequest<'queryMeter'>): Promise<OpReply<'queryMeter'>> {
    const answer = await this.queryMeter.run(
      context.namespace,
      path.meterIdOrSlug,
      meterQueryFromApi(query),
      query.clientId,
    );
    if (!wantsCsv(headers['accept'])) return meterAnswerToApi(answer);
    const disposition = `attachment; filename=${answer.meter.slug}.csv`;
    return mediaReply({
      contentType: 'text/csv',
      body: answerToCsv(answer),
      headers: { 'content-disposition': disposition },
    });
  }

  @Operation('queryMeterPost')
  async queryPost({ path, body, context }: OpRequest<'queryMeterPost'>): Promise<OpReply<'queryMeterPost'>> {
    const input = meterQueryFromApiBody(body);
    const { namespace } = context;
    return meterAnswerToApi(await this.queryMeter.run(namespace, path.meterIdOrSlug, input, body.clientId));
  }

  @Operation('listMeterSubjects')
  async listSubjects({
    path,
    query,
    context,
  }: OpRequest<'listMeterSubjects'>): Promise<OpReply<'listMeterSubjects'>> {
    const range = rangeFromApi(query);
    return [...(await this.listMeterValues.subjects(context.namespace, path.meterIdOrSlug, range))];
  }

  @Operation('listMeterGroupByValues')
  async listGroupValues({
    path,
    query,
    context,
  }: OpRequest<'listMeterGroupByValues'>): Promise<OpReply<'listMeterGroupByValues'>> {
    const asked = { ...rangeFromApi(query), key: path.groupByKey };
    return [...(await this.listMeterValues.groupValues(context.namespace, path.meterIdOrSlug, asked))];
  }
}
