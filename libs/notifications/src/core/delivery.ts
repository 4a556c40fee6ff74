import { type Instant, isAtOrBefore } from '@ledgerline/kernel';
import type { Channel } from './channel.js';
import type { Rule } from './rule.js';

export type DeliveryState = 'PENDING' | 'SENDING' | 'RESENDING' | 'SUCCESS' | 'FAILED';

/** One event on its way to one channel. All instants are the machine's, not the virtual clock's. */
export interface Delivery {
  readonly namespace: string;
  readonly eventId: string;
  readonly channelId: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent once nothing is tried any more. While an attempt is under way: when it counts as lost. */
  readonly nextAttemptAt?: Instant | undefined;
  /** Of the present series; a resend starts anew. */
  readonly attempts: number;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface Attempt {
  readonly id: string;
  readonly state: 'SUCCESS' | 'FAILED';
  readonly at: Instant;
  readonly statusCode?: number | undefined;
  readonly body: string;
  readonly durationMs: number;
  readonly url: string;
}

export type AttemptOutcome = Omit<Attempt, 'id' | 'state' | 'at'>;

/** Pauses after the first, second … attempt that failed: the usual ones of senders of webhooks, about 28 hours in all. */
const pausesMs = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];
/** An attempt that tells nothing for that long was lost with its worker: longer than any request may take. */
const lostAfterMs = 90_000;

const isOpen = ({ state }: Delivery): boolean =>
  state === 'PENDING' || state === 'SENDING' || state === 'RESENDING';

/** The attempt begins: nobody else makes one until it is told of or lost. Undefined when none is due. */
export function beginAttempt(delivery: Delivery, now: Instant): Delivery | undefined {
  const { nextAttemptAt } = delivery;
  if (!isOpen(delivery) || nextAttemptAt === undefined || !isAtOrBefore(nextAttemptAt, now)) return undefined;
  return {
    ...delivery,
    state: 'SENDING',
    attempts: delivery.attempts + 1,
    nextAttemptAt: now.add({ milliseconds: lostAfterMs }),
    updatedAt: now,
  };
}

/** Any 2xx. */
export const isSuccess = ({ statusCode }: Pick<AttemptOutcome, 'statusCode'>): boolean =>
  statusCode !== undefined && statusCode >= 200 && statusCode < 300;

/** What follows from an attempt: done, tried again later, or given up. */
export function endAttempt(delivery: Delivery, outcome: AttemptOutcome, now: Instant): Delivery {
  const { statusCode } = outcome;
  if (isSuccess(outcome))
    return { ...delivery, state: 'SUCCESS', reason: '', nextAttemptAt: undefined, updatedAt: now };
  const reason = statusCode === undefined ? outcome.body : `the receiver answered ${statusCode}`;
  const pauseMs = pausesMs[delivery.attempts - 1];
  if (pauseMs === undefined) {
    return giveUp(delivery, `${reason}; attempts are exhausted`, now);
  }
  return {
    ...delivery,
    state: 'SENDING',
    reason,
    nextAttemptAt: now.add({ milliseconds: pauseMs }),
    updatedAt: now,
  };
}

/** The first wish to deliver, due at once; to a channel that is switched off nothing is sent. */
export function newDelivery(
  place: Pick<Delivery, 'namespace' | 'eventId' | 'channelId'>,
  isChannelDisabled: boolean,
  now: Instant,
): Delivery {
  const pending = {
    ...place,
    state: 'PENDING' as const,
    reason: '',
    annotations: {},
    nextAttemptAt: now,
    attempts: 0,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  return isChannelDisabled ? giveUp(pending, 'the channel is disabled', now) : pending;
}

/** Why an event can no longer be delivered to this channel. */
export function whyUndeliverable(
  rule: Pick<Rule, 'deletedAt' | 'channelIds'>,
  channel: Pick<Channel, 'id' | 'deletedAt' | 'disabled'>,
): string | undefined {
  if (rule.deletedAt !== undefined) return 'the rule is deleted';
  if (channel.deletedAt !== undefined) return 'the channel is deleted';
  if (channel.disabled) return 'the channel is disabled';
  return rule.channelIds.includes(channel.id) ? undefined : 'the rule no longer names the channel';
}

/** Nothing can be sent: the channel or the rule is gone. */
export const giveUp = (delivery: Delivery, reason: string, now: Instant): Delivery => ({
  ...delivery,
  state: 'FAILED',
  reason,
  nextAttemptAt: undefined,
  updatedAt: now,
});

/** Once more from the start, also after a success: the receiver may have lost it. One that has not begun stays as it is. */
export function beginResend(delivery: Delivery, now: Instant): Delivery | undefined {
  if (delivery.state === 'PENDING' || delivery.state === 'RESENDING') return undefined;
  return {
    ...delivery,
    state: 'RESENDING',
    reason: '',
    annotations: { ...delivery.annotations, 'event.resend.timestamp': now.toString() },
    nextAttemptAt: now,
    attempts: 0,
    updatedAt: now,
  };
}
