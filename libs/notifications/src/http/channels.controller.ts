import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateChannel } from '../use-cases/create-channel.js';
import { DeleteChannel } from '../use-cases/delete-channel.js';
import { ReadChannels } from '../use-cases/read-channels.js';
import { UpdateChannel } from '../use-cases/update-channel.js';
import { channelFromApi, channelListFromApi, channelToApi } from './convert-channel.js';
import { attemptOf } from './paging.js';

@Controller()
export class ChannelsController {
  constructor(
    @Inject(CreateChannel) private readonly createChannel: CreateChannel,
    @Inject(UpdateChannel) private readonly updateChannel: UpdateChannel,
    @Inject(DeleteChannel) private readonly deleteChannel: DeleteChannel,
    @Inject(ReadChannels) private readonly readChannels: ReadChannels,
  ) {}

  @Operation('createNotificationChannel')
  async create(
    request: OpRequest<'createNotificationChannel'>,
  ): Promise<OpReply<'createNotificationChannel'>> {
    const attempt = attemptOf('createNotificationChannel', request);
    return channelToApi(await this.createChannel.run(request.context, channelFromApi(request.body), attempt));
  }

  @Operation('listNotificationChannels')
  async list({
    query,
    context,
  }: OpRequest<'listNotificationChannels'>): Promise<OpReply<'listNotificationChannels'>> {
    const { items, totalCount } = await this.readChannels.list(context.namespace, channelListFromApi(query));
    return { items: items.map(channelToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('getNotificationChannel')
  async get({
    path,
    context,
  }: OpRequest<'getNotificationChannel'>): Promise<OpReply<'getNotificationChannel'>> {
    return channelToApi(await this.readChannels.get(context.namespace, path.channelId));
  }

  @Operation('updateNotificationChannel')
  async update({
    path,
    body,
    context,
  }: OpRequest<'updateNotificationChannel'>): Promise<OpReply<'updateNotificationChannel'>> {
    return channelToApi(await this.updateChannel.run(context, path.channelId, channelFromApi(body)));
  }

  @Operation('deleteNotificationChannel')
  delete({
    path,
    context,
  }: OpRequest<'deleteNotificationChannel'>): Promise<OpReply<'deleteNotificationChannel'>> {
    return this.deleteChannel.run(context, path.channelId);
  }
}
