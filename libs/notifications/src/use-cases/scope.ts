import type { RequestContext } from '@ledgerline/contract';
import { type Fact, refusal, Refused, type WorkScope } from '@ledgerline/kernel';
import type { Config } from '@ledgerline/platform/config';
import { inputHashOf } from '@ledgerline/platform/postgres';
import type { Channel } from '../core/channel.js';
import type { NotificationEvent } from '../core/event.js';
import type { Rule } from '../core/rule.js';

/** What an Idempotency-Key stands for: one input to one operation. Only a hash of the input is kept. */
export interface RequestAttempt {
  readonly route: string;
  readonly key: string | undefined;
  readonly input: unknown;
}

export const scopeOf = (
  { namespace, actor, requestId }: RequestContext,
  attempt?: RequestAttempt,
): WorkScope => ({
  namespace,
  actor,
  cause: requestId,
  ...(attempt?.key !== undefined && {
    idempotency: { key: attempt.key, route: attempt.route, inputHash: inputHashOf(attempt.input) },
  }),
});

/** The worker itself acts; `cause` is a notice or a job. */
export const workerScope = (namespace: string, cause: string): WorkScope => ({
  namespace,
  actor: 'notifications-worker',
  cause,
});

/** Throws when there is nothing to seal secrets with: a channel is not kept in clear instead. */
export function requireSealing({ secrets }: Pick<Config, 'secrets'>): void {
  if (secrets.keys === '')
    throw new Refused(refusal.notImplemented('notification channels need secrets.keys to be set'));
}

type Change = 'Created' | 'Updated' | 'Deleted';

/** Says nothing of URL, headers and secret: a journal is kept for ever. */
export const channelFact = (change: Change, { id, name, disabled }: Channel): Fact => ({
  stream: `notification-channel:${id}`,
  type: `NotificationChannel${change}`,
  data: { id, name, disabled },
});

export const ruleFact = (change: Change, { id, type, name, disabled, channelIds }: Rule): Fact => ({
  stream: `notification-rule:${id}`,
  type: `NotificationRule${change}`,
  data: { id, type, name, disabled, channelIds: [...channelIds] },
});

export const raisedFact = ({ id, type, ruleId }: NotificationEvent): Fact => ({
  stream: `notification-event:${id}`,
  type: 'NotificationRaised',
  data: { id, type, ruleId },
});
