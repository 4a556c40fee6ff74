import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CONFIG, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { refuseUrl } from '@ledgerline/platform/egress';
import { Inject } from '@nestjs/common';
import type { Channel, ChannelDraft } from '../core/channel.js';
import { channelNotFound, decideUpdateChannel } from '../core/decide-channel.js';
import type { ChannelStore } from '../core/ports.js';
import { CHANNEL_STORE } from '../tokens.js';
import { channelFact, requireSealing, scopeOf } from './scope.js';

export class UpdateChannel {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  run(context: RequestContext, id: string, draft: ChannelDraft): Promise<Channel> {
    const allowPrivate = this.config.notifications.allowPrivateAddresses;
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const found = await this.channels.findForChange(tx, id);
      if (found === undefined) throw new Refused(channelNotFound(id));
      const facts = { now: tx.at, refuseUrl: (url: string) => refuseUrl(url, { allowPrivate }) };
      const channel = acceptedOrThrow(decideUpdateChannel(found, draft, facts));
      requireSealing(this.config);
      await this.channels.update(tx, channel);
      await this.unitOfWork.append(tx, [channelFact('Updated', channel)]);
      return channel;
    });
  }
}
