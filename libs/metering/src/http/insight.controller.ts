import { Operation, type OpReply, type OpRequest, streamReply } from '@ledgerline/contract';
import { CONFIG } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { refusal, Refused } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { EXPLAIN_EVENT, READ_COMPLETENESS, WATCH_METER } from '../tokens.js';
import type { ExplainEvent } from '../use-cases/explain-event.js';
import type { ReadCompleteness } from '../use-cases/read-completeness.js';
import type { WatchMeter } from '../use-cases/watch-meter.js';
import { instantFromApi, meterQueryFromApi } from './convert.js';
import { completenessToApi, eventStatusToApi } from './insight-convert.js';

// No cache may keep a stream, no proxy wait for its end, and no connection stay behind it: one that becomes idle in the middle of a
// shutdown would hold it up until the keep-alive ends.
const streamHeaders = {
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'close',
} as const;

/** What became of usage: of one event, of all of it, and of a value while it changes. */
@Controller()
export class InsightController {
  constructor(
    @Inject(EXPLAIN_EVENT) private readonly explainEvent: ExplainEvent,
    @Inject(READ_COMPLETENESS) private readonly readCompleteness: ReadCompleteness,
    @Inject(WATCH_METER) private readonly watchMeter: WatchMeter,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Operation('getEventStatus')
  async status({ path, context }: OpRequest<'getEventStatus'>): Promise<OpReply<'getEventStatus'>> {
    return eventStatusToApi(path, await this.explainEvent.run({ ...path, namespace: context.namespace }));
  }

  @Operation('getCompleteness')
  async completeness({ query, context }: OpRequest<'getCompleteness'>): Promise<OpReply<'getCompleteness'>> {
    const from = query.from === undefined ? undefined : instantFromApi('from', query.from);
    const to = query.to === undefined ? undefined : instantFromApi('to', query.to);
    if (from !== undefined && to !== undefined && to.epochNanoseconds < from.epochNanoseconds) {
      throw new Refused(refusal.invalidField('to', 'period', 'is before from'));
    }
    const answer = await this.readCompleteness.run(context.namespace, { from, to });
    return completenessToApi(answer, { from, to, showsOffsets: this.config.auth.mode === 'none' });
  }

  @Operation('watchMeter')
  async watch({ path, query, headers, context }: OpRequest<'watchMeter'>): Promise<OpReply<'watchMeter'>> {
    const body = await this.watchMeter.watch({
      namespace: context.namespace,
      idOrSlug: path.meterIdOrSlug,
      input: meterQueryFromApi(query),
      lastEventId: headers['last-event-id'],
    });
    return streamReply({ contentType: 'text/event-stream; charset=utf-8', body, headers: streamHeaders });
  }
}
