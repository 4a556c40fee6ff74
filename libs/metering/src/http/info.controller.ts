import { mediaReply, Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { LIST_METER_VALUES, TRACK_PROGRESS } from '../tokens.js';
import type { ListMeterValues } from '../use-cases/list-meter-values.js';
import type { TrackProgress } from '../use-cases/track-progress.js';
import { progressToApi } from './convert.js';
import { eventsToOpenMetrics } from './open-metrics.js';

@Controller()
export class InfoController {
  constructor(
    @Inject(TRACK_PROGRESS) private readonly progress: TrackProgress,
    @Inject(LIST_METER_VALUES) private readonly listMeterValues: ListMeterValues,
  ) {}

  @Operation('getDebugMetrics')
  async getDebugMetrics({ context }: OpRequest<'getDebugMetrics'>): Promise<OpReply<'getDebugMetrics'>> {
    const counts = await this.listMeterValues.eventsToday(context.namespace);
    return mediaReply({ contentType: 'text/plain; charset=utf-8', body: eventsToOpenMetrics(counts) });
  }

  @Operation('getProgress')
  async getProgress({ path, context }: OpRequest<'getProgress'>): Promise<OpReply<'getProgress'>> {
    return progressToApi(await this.progress.find(context.namespace, path.id));
  }
}
