import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { TRACK_PROGRESS } from '../tokens.js';
import type { TrackProgress } from '../use-cases/track-progress.js';
import { progressToApi } from './convert.js';

@Controller()
export class InfoController {
  constructor(@Inject(TRACK_PROGRESS) private readonly progress: TrackProgress) {}

  @Operation('getProgress')
  async getProgress({ path, context }: OpRequest<'getProgress'>): Promise<OpReply<'getProgress'>> {
    return progressToApi(await this.progress.find(context.namespace, path.id));
  }
}
