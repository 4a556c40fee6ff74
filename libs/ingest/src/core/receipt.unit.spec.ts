import { describe, expect, it } from '@jest/globals';
import { refusal } from '@ledgerline/kernel';
import { defaultIngestLimits } from './limits.js';
import { decideIngest, type IngestRequest } from './parse.js';
import { receiptOfAccepted, receiptOfRefused } from './receipt.js';

const event = (id: string, more: object = {}) => ({
  id,
  source: 'a/b',
  specversion: '1.0',
  type: 't',
  subject: 's',
  ...more,
});
const requestOf = (body: unknown, mode: IngestRequest['mode'] = 'either'): IngestRequest => ({
  namespace: 'default',
  mode,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  rawHeaders: [],
});
const refusedReceipt = (request: IngestRequest) => {
  const { refused } = decideIngest(request, 0, defaultIngestLimits);
  if (refused === undefined) throw new Error('accepted');
  return receiptOfRefused(request, refused, 0, defaultIngestLimits);
};

describe('a receipt', () => {
  it('names every accepted event', () => {
    const decision = decideIngest(requestOf([event('1'), event('2')]), 0, defaultIngestLimits);
    if (decision.refused !== undefined) throw new Error(decision.refused.detail);
    expect(receiptOfAccepted(decision.accepted)).toEqual({
      verdict: 'accepted',
      events: [
        { index: 0, id: '1', source: 'a/b', status: 'accepted' },
        { index: 1, id: '2', source: 'a/b', status: 'accepted' },
      ],
    });
  });

  it('says what is wrong with each event of a refused batch, and accepts none', () => {
    const bad = event('3', { subject: '', time: 'noon' });
    expect(refusedReceipt(requestOf([event('1'), 7, bad, { source: 5 }]))).toEqual({
      verdict: 'refused',
      events: [
        { index: 0, id: '1', source: 'a/b', status: 'valid' },
        { index: 1, status: 'invalid', reasons: ['must be an object'] },
        {
          index: 2,
          id: '3',
          source: 'a/b',
          status: 'invalid',
          reasons: [
            'subject must not be empty',
            'time must be an RFC 3339 date-time such as 2025-01-31T12:00:00Z',
          ],
        },
        {
          index: 3,
          status: 'invalid',
          reasons: [
            'id is required',
            'source must be a string',
            'type is required',
            'subject is required',
            'specversion is required',
          ],
        },
      ],
    });
  });

  it('is complete where the usual refusal stops counting', () => {
    const events = Array.from({ length: 300 }, (_, n) => event(String(n), { subject: '' }));
    expect(refusedReceipt(requestOf(events))?.events).toHaveLength(300);
  });

  it('speaks of a single event too', () => {
    expect(refusedReceipt(requestOf(event('1', { type: null })))?.events).toEqual([
      { index: 0, id: '1', source: 'a/b', status: 'invalid', reasons: ['type is required'] },
    ]);
  });

  it('names the event at which a large request was given up, and says nothing of the others', () => {
    const deep = `${'['.repeat(70_000)}${']'.repeat(70_000)}`;
    const text = `[${JSON.stringify(event('1'))},{"id":"2","data":{"a":${deep}}},${JSON.stringify(event('3'))}]`;
    expect(refusedReceipt(requestOf(text))).toEqual({
      verdict: 'refused',
      events: [{ index: 1, status: 'invalid', reasons: ['is nested deeper than 32 levels'] }],
    });
  });

  it('takes the reasons of a later refusal when the events themselves are fine', () => {
    const issues = [
      { code: 'event_too_large', message: 'is too large', field: '$[1]', severity: 'critical' as const },
    ];
    const late = refusal.tooLarge('an event is too large', { issues });
    const request = requestOf([event('1'), event('2')]);
    expect(
      receiptOfRefused(request, late, 0, defaultIngestLimits)?.events.map(({ status }) => status),
    ).toEqual(['valid', 'invalid']);
  });

  it.each(['{', '[]', '"text"[', ''])('does not exist for what cannot be understood: %j', (text) => {
    expect(refusedReceipt(requestOf(text))).toBeUndefined();
  });
});
