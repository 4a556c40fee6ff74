import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { LIST_METER_VALUES, NAME_SUBJECTS, QUERY_METER } from '../tokens.js';
import type { ListMeterValues } from '../use-cases/list-meter-values.js';
import type { NameSubjects } from '../use-cases/name-subjects.js';
import type { QueryMeter } from '../use-cases/query-meter.js';
import { meterAnswerToApi, meterQueryFromApi, meterQueryFromApiBody, rangeFromApi } from './convert.js';
import { csvReply, wantsCsv } from './csv.js';

@Controller()
export class MeterQueriesController {
  constructor(
    @Inject(QUERY_METER) private readonly queryMeter: QueryMeter,
    @Inject(LIST_METER_VALUES) private readonly listMeterValues: ListMeterValues,
    @Inject(NAME_SUBJECTS) private readonly nameSubjects: NameSubjects,
  ) {}

  @Operation('queryMeter')
  async query({ path, query, headers, context }: OpRequest<'queryMeter'>): Promise<OpReply<'queryMeter'>> {
    const answer = await this.queryMeter.run(
      context.namespace,
      path.meterIdOrSlug,
      meterQueryFromApi(query),
      query.clientId,
    );
    if (!wantsCsv(headers['accept'])) return meterAnswerToApi(answer);
    return csvReply(answer, await this.nameSubjects.run(context.namespace, answer));
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
