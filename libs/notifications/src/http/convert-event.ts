import type { components, OpRequest } from '@ledgerline/contract';
import { instant, toRfc3339 } from '@ledgerline/kernel';
import type { Attempt } from '../core/delivery.js';
import type { DeliveryWithAttempts, EventListQuery } from '../core/ports.js';
import type { ShownEvent } from '../use-cases/read-events.js';
import { ruleToApi } from './convert-rule.js';
import { pagingFromApi } from './paging.js';

type Schemas = components['schemas'];

export const eventToApi = ({ event, rule, deliveries }: ShownEvent): Schemas['NotificationEvent'] => ({
  id: event.id,
  type: event.type,
  createdAt: toRfc3339(event.createdAt),
  rule: ruleToApi(rule),
  // It was built by the shapes of the contract when it was raised, and is told as it was.
  payload: event.payload as unknown as Schemas['NotificationEventPayload'],
  deliveryStatus: deliveries.map(deliveryToApi),
  annotations: { ...event.annotations },
});

const deliveryToApi = ({
  delivery,
  attempts,
}: DeliveryWithAttempts): Schemas['NotificationEventDeliveryStatus'] => ({
  channel: { id: delivery.channelId, type: 'WEBHOOK' },
  state: delivery.state,
  reason: delivery.reason,
  updatedAt: toRfc3339(delivery.updatedAt),
  ...(delivery.nextAttemptAt === undefined ? {} : { nextAttempt: toRfc3339(delivery.nextAttemptAt) }),
  annotations: { ...delivery.annotations },
  attempts: attempts.map(attemptToApi),
});

const attemptToApi = (attempt: Attempt): Schemas['NotificationEventDeliveryAttempt'] => ({
  state: attempt.state,
  timestamp: toRfc3339(attempt.at),
  response: {
    ...(attempt.statusCode === undefined ? {} : { statusCode: attempt.statusCode }),
    body: attempt.body,
    durationMs: attempt.durationMs,
    ...(attempt.url === '' ? {} : { url: attempt.url }),
  },
});

export const eventListFromApi = (query: OpRequest<'listNotificationEvents'>['query']): EventListQuery => ({
  from: query.from === undefined ? undefined : instant(query.from),
  to: query.to === undefined ? undefined : instant(query.to),
  features: query.feature,
  subjects: query.subject,
  ruleIds: query.rule,
  channelIds: query.channel,
  orderBy: query.orderBy ?? 'createdAt',
  ...pagingFromApi(query),
});
