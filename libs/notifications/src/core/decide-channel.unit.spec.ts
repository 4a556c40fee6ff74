import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import type { ChannelDraft } from './channel.js';
import { decideCreateChannel, decideDeleteChannel, decideUpdateChannel } from './decide-channel.js';

const now = instant('2025-01-01T00:00:00Z');
const later = instant('2025-01-02T00:00:00Z');
const secret = Buffer.alloc(32, 7).toString('base64');
const facts = { now, refuseUrl: () => undefined };
const draft: ChannelDraft = { name: 'c', url: 'https://example.com/', customHeaders: {}, disabled: false };
const create = (changed: Partial<ChannelDraft> = {}) =>
  decideCreateChannel(
    { ...draft, ...changed },
    { ...facts, id: 'c', namespace: 'n', newSecret: () => 'whsec_new' },
  );
function created(changed: Partial<ChannelDraft> = {}) {
  const decision = create(changed);
  if (decision.refused !== undefined) throw new Error(decision.refused.detail);
  return decision.accepted;
}

describe('a channel', () => {
  it('gets a secret when it is given none, and the prefix when it lacks it', () => {
    expect(created().signingSecret).toBe('whsec_new');
    expect(created({ signingSecret: secret }).signingSecret).toBe(`whsec_${secret}`);
    expect(created({ signingSecret: `whsec_${secret}` }).signingSecret).toBe(`whsec_${secret}`);
  });

  it('keeps its secret when a change names none', () => {
    const channel = created({ signingSecret: secret });
    const changed = decideUpdateChannel(channel, { ...draft, name: 'd' }, { ...facts, now: later });
    expect(changed).toMatchObject({
      accepted: { name: 'd', signingSecret: `whsec_${secret}`, createdAt: now, updatedAt: later },
    });
  });

  it.each([
    ['too short', Buffer.alloc(20).toString('base64')],
    ['no whole base64', secret.slice(0, -1)],
    ['no base64', '!'.repeat(44)],
  ])('is refused with a secret that is %s', (_, signingSecret) => {
    expect(create({ signingSecret }).refused?.issues?.[0]).toMatchObject({ code: 'channel_secret_invalid' });
  });

  it.each([['webhook-id'], ['Svix-Signature'], ['Content-Length'], ['Host'], ['a b'], ['Transfer-Encoding']])(
    'is refused with the header %s',
    (name) => {
      expect(create({ customHeaders: { [name]: 'x' } }).refused?.issues?.[0]).toMatchObject({
        code: 'channel_header_invalid',
      });
    },
  );

  it('is refused with a header that holds a line break, and with too many', () => {
    expect(create({ customHeaders: { 'x-a': 'a\r\nhost: b' } }).refused).toBeDefined();
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, 'x']));
    expect(create({ customHeaders: many }).refused?.issues?.[0]).toMatchObject({
      code: 'channel_headers_too_many',
    });
    expect(created({ customHeaders: { Authorization: 'Bearer x' } }).customHeaders).toEqual({
      Authorization: 'Bearer x',
    });
  });

  it('is deleted only when no rule names it, and not changed after that', () => {
    const channel = created();
    expect(decideDeleteChannel(channel, { now: later, ruleIds: ['r'] }).refused).toMatchObject({
      kind: 'invalid',
    });
    const decision = decideDeleteChannel(channel, { now: later, ruleIds: [] });
    if (decision.refused !== undefined) throw new Error(decision.refused.detail);
    expect(decision.accepted).toMatchObject({ disabled: true, deletedAt: later });
    expect(decideUpdateChannel(decision.accepted, draft, facts).refused).toMatchObject({ kind: 'conflict' });
  });
});
