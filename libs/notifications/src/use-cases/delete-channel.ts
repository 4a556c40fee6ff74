import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { channelNotFound, decideDeleteChannel } from '../core/decide-channel.js';
import type { ChannelStore, RuleStore } from '../core/ports.js';
import { CHANNEL_STORE, RULE_STORE } from '../tokens.js';
import { channelFact, scopeOf } from './scope.js';

export class DeleteChannel {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
  ) {}

  run(context: RequestContext, id: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      // The lock keeps a rule that is being written from naming it meanwhile.
      const found = await this.channels.findForChange(tx, id);
      if (found === undefined) throw new Refused(channelNotFound(id));
      const ruleIds = await this.rules.idsOfChannel(tx, id);
      const channel = acceptedOrThrow(decideDeleteChannel(found, { now: tx.at, ruleIds }));
      if (channel === found) return;
      await this.channels.update(tx, channel);
      await this.unitOfWork.append(tx, [channelFact('Deleted', channel)]);
    });
  }
}
