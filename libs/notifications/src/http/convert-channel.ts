import type { components, OpRequest } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { Channel, ChannelDraft } from '../core/channel.js';
import type { ChannelListQuery } from '../core/ports.js';
import { pagingFromApi } from './paging.js';

type Schemas = components['schemas'];

export const channelFromApi = (body: Schemas['NotificationChannelCreateRequest']): ChannelDraft => ({
  name: body.name,
  url: body.url,
  customHeaders: body.customHeaders ?? {},
  signingSecret: body.signingSecret,
  disabled: body.disabled,
  metadata: body.metadata ?? undefined,
});

export const channelToApi = (channel: Channel): Schemas['NotificationChannel'] => ({
  id: channel.id,
  type: 'WEBHOOK',
  name: channel.name,
  url: channel.url,
  disabled: channel.disabled,
  customHeaders: { ...channel.customHeaders },
  signingSecret: channel.signingSecret,
  ...(channel.metadata === undefined ? {} : { metadata: { ...channel.metadata } }),
  createdAt: toRfc3339(channel.createdAt),
  updatedAt: toRfc3339(channel.updatedAt),
  ...(channel.deletedAt === undefined ? {} : { deletedAt: toRfc3339(channel.deletedAt) }),
});

export const channelListFromApi = (
  query: OpRequest<'listNotificationChannels'>['query'],
): ChannelListQuery => ({
  includeDeleted: query.includeDeleted,
  includeDisabled: query.includeDisabled,
  orderBy: query.orderBy ?? 'id',
  ...pagingFromApi(query),
});
