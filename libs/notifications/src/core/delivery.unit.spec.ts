import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import {
  type AttemptOutcome,
  beginAttempt,
  beginResend,
  type Delivery,
  endAttempt,
  newDelivery,
  whyUndeliverable,
} from './delivery.js';

const now = instant('2025-01-01T00:00:00Z');
const later = (seconds: number) => now.add({ seconds });
const place = { namespace: 'n', eventId: 'e', channelId: 'c' };
const fresh = newDelivery(place, false, now);
const outcome = (statusCode?: number): AttemptOutcome => ({
  statusCode,
  body: statusCode === undefined ? 'no answer within 15000 ms' : '',
  durationMs: 1,
  url: 'https://example.com/',
});
function begun(delivery: Delivery, at = now): Delivery {
  const next = beginAttempt(delivery, at);
  if (next === undefined) throw new Error('no attempt is due');
  return next;
}

describe('a delivery', () => {
  it('is due at once, but not to a channel that is switched off', () => {
    expect(fresh).toMatchObject({ state: 'PENDING', nextAttemptAt: now });
    expect(newDelivery(place, true, now)).toMatchObject({
      state: 'FAILED',
      reason: 'the channel is disabled',
      nextAttemptAt: undefined,
    });
  });

  it('is attempted by one worker at a time, and again when that one is lost', () => {
    const first = begun(fresh);
    expect(first).toMatchObject({ state: 'SENDING', attempts: 1 });
    expect(beginAttempt(first, later(80))).toBeUndefined();
    expect(beginAttempt(first, later(90))).toMatchObject({ state: 'SENDING', attempts: 2 });
  });

  it.each([200, 204, 299])('succeeds with %d', (status) => {
    const ended = endAttempt(begun(fresh), outcome(status), later(1));
    expect(ended).toMatchObject({ state: 'SUCCESS', reason: '', nextAttemptAt: undefined });
    expect(beginAttempt(ended, later(1e6))).toBeUndefined();
  });

  it.each([
    [302, 'the receiver answered 302'],
    [400, 'the receiver answered 400'],
    [500, 'the receiver answered 500'],
    [undefined, 'no answer within 15000 ms'],
  ])('goes on after %s', (status, reason) => {
    const ended = endAttempt(begun(fresh), outcome(status), later(1));
    expect(ended).toMatchObject({ state: 'SENDING', reason, nextAttemptAt: later(6) });
  });

  it('is given up after eight attempts within about 28 hours', () => {
    let delivery = fresh;
    const pauses: number[] = [];
    for (let at = now; ;) {
      delivery = endAttempt(begun(delivery, at), outcome(500), at);
      if (delivery.nextAttemptAt === undefined) break;
      pauses.push((delivery.nextAttemptAt.epochMilliseconds - at.epochMilliseconds) / 1000);
      at = delivery.nextAttemptAt;
    }
    expect(pauses).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
    expect(delivery).toMatchObject({
      state: 'FAILED',
      attempts: 8,
      reason: 'the receiver answered 500; attempts are exhausted',
    });
  });

  it('is sent once more from the start, whatever became of it', () => {
    for (const state of ['SUCCESS', 'FAILED', 'SENDING'] as const) {
      expect(beginResend({ ...fresh, state, attempts: 8 }, later(9))).toMatchObject({
        state: 'RESENDING',
        attempts: 0,
        nextAttemptAt: later(9),
        annotations: { 'event.resend.timestamp': '2025-01-01T00:00:09Z' },
      });
    }
    expect(beginResend(fresh, now)).toBeUndefined();
    expect(begun({ ...fresh, state: 'RESENDING' }).state).toBe('SENDING');
  });

  it('goes nowhere without its rule and channel', () => {
    const rule = { channelIds: ['c'] };
    const channel = { id: 'c', disabled: false };
    expect(whyUndeliverable(rule, channel)).toBeUndefined();
    expect(whyUndeliverable({ ...rule, deletedAt: now }, channel)).toBe('the rule is deleted');
    expect(whyUndeliverable(rule, { ...channel, deletedAt: now })).toBe('the channel is deleted');
    expect(whyUndeliverable(rule, { ...channel, disabled: true })).toBe('the channel is disabled');
    expect(whyUndeliverable({ channelIds: [] }, channel)).toBe('the rule no longer names the channel');
  });
});
