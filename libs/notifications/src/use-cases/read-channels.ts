import { Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Channel } from '../core/channel.js';
import { channelNotFound } from '../core/decide-channel.js';
import type { ChannelListQuery, ChannelStore, Page } from '../core/ports.js';
import { CHANNEL_STORE } from '../tokens.js';

export class ReadChannels {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
  ) {}

  /** Deleted ones too. */
  async get(namespace: string, id: string): Promise<Channel> {
    const channel = await this.channels.find(this.unitOfWork.reader(namespace), id);
    if (channel === undefined) throw new Refused(channelNotFound(id));
    return channel;
  }

  list(namespace: string, query: ChannelListQuery): Promise<Page<Channel>> {
    return this.channels.list(this.unitOfWork.reader(namespace), query);
  }
}
