import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, invariant, newId, type UnitOfWork } from '@ledgerline/kernel';
import { CONFIG, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { refuseUrl } from '@ledgerline/platform/egress';
import { Inject } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { Channel, ChannelDraft } from '../core/channel.js';
import { decideCreateChannel } from '../core/decide-channel.js';
import type { ChannelStore } from '../core/ports.js';
import { CHANNEL_STORE } from '../tokens.js';
import { channelFact, type RequestAttempt, requireSealing, scopeOf } from './scope.js';

const secretBytes = 32;

export class CreateChannel {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async run(context: RequestContext, draft: ChannelDraft, attempt: RequestAttempt): Promise<Channel> {
    const allowPrivate = this.config.notifications.allowPrivateAddresses;
    // Only the id is kept under the Idempotency-Key: what is kept there is not sealed.
    const id = await this.unitOfWork.run(scopeOf(context, attempt), async (tx) => {
      const channel = acceptedOrThrow(
        decideCreateChannel(draft, {
          id: newId(),
          namespace: tx.namespace,
          now: tx.at,
          newSecret: () => `whsec_${randomBytes(secretBytes).toString('base64')}`,
          refuseUrl: (url) => refuseUrl(url, { allowPrivate }),
        }),
      );
      requireSealing(this.config);
      await this.channels.insert(tx, channel);
      await this.unitOfWork.append(tx, [channelFact('Created', channel)]);
      return channel.id;
    });
    const channel = await this.channels.find(this.unitOfWork.reader(context.namespace), id);
    invariant(channel !== undefined, 'channels are never removed');
    return channel;
  }
}
