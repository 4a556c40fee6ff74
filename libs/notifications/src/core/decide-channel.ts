import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import type { Channel, ChannelDraft } from './channel.js';

export interface ChannelFacts {
  readonly now: Instant;
  /** Why this address is never asked; undefined when it may be. */
  readonly refuseUrl: (url: string) => string | undefined;
}

// A proxy in front of the receiver refuses more; the sum stays below what Node sends in one piece.
const headersMax = 20;
const headerBytesMax = 4_096;
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const headerValue = /^[\t\x20-\x7e]*$/;
/** Ours to set, or those that would change how the request itself is read. */
const reserved =
  /^(webhook-.*|svix-.*|content-length|content-type|host|connection|transfer-encoding|upgrade|te|trailer|expect|proxy-.*|keep-alive)$/i;
// Narrower than the API document's own pattern of 32 to 100 characters: whole base64.
const secretPattern = /^(?:whsec_)?([A-Za-z0-9+/]{2,}={0,2})$/;
const secretBytesMin = 24;

export const channelNotFound = (id: string): Refusal =>
  refusal.notFound(`not found error: channel ${id} not found`);

export function decideCreateChannel(
  draft: ChannelDraft,
  facts: ChannelFacts & {
    readonly id: string;
    readonly namespace: string;
    readonly newSecret: () => string;
  },
): Decision<Channel> {
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  return {
    accepted: {
      ...draft,
      id: facts.id,
      namespace: facts.namespace,
      signingSecret: normalSecret(draft.signingSecret ?? facts.newSecret()),
      createdAt: facts.now,
      updatedAt: facts.now,
    },
  };
}

/** Everything but the secret is replaced; an absent secret keeps the one there is. */
export function decideUpdateChannel(
  channel: Channel,
  draft: ChannelDraft,
  facts: ChannelFacts,
): Decision<Channel> {
  if (channel.deletedAt !== undefined)
    return { refused: refusal.conflict(`conflict error: channel ${channel.id} is deleted`) };
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  const signingSecret = normalSecret(draft.signingSecret ?? channel.signingSecret);
  return { accepted: { ...channel, ...draft, signingSecret, updatedAt: facts.now } };
}

/** A channel that rules still name stays: their events would go nowhere in silence. */
export function decideDeleteChannel(
  channel: Channel,
  { now, ruleIds }: { readonly now: Instant; readonly ruleIds: readonly string[] },
): Decision<Channel> {
  if (channel.deletedAt !== undefined) return { accepted: channel };
  if (ruleIds.length > 0) {
    return {
      refused: refusal.invalid(
        `validation error: channel ${channel.id} is assigned to rules: ${ruleIds.join(', ')}`,
      ),
    };
  }
  return { accepted: { ...channel, disabled: true, deletedAt: now, updatedAt: now } };
}

function refuseDraft(draft: ChannelDraft, { refuseUrl }: ChannelFacts): Refusal | undefined {
  const url = refuseUrl(draft.url);
  if (url !== undefined) return refusal.invalidField('$.url', 'channel_url_refused', url);
  return refuseHeaders(draft.customHeaders) ?? refuseSecret(draft.signingSecret);
}

function refuseHeaders(headers: Readonly<Record<string, string>>): Refusal | undefined {
  const entries = Object.entries(headers);
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (entries.length > headersMax || bytes > headerBytesMax) {
    const message = `must be at most ${headersMax} headers of ${headerBytesMax} bytes together`;
    return refusal.invalidField('$.customHeaders', 'channel_headers_too_many', message);
  }
  for (const [name, value] of entries) {
    if (!headerName.test(name) || !headerValue.test(value) || reserved.test(name))
      return refusal.invalidField(
        `$.customHeaders.${name}`,
        'channel_header_invalid',
        'is no header one can set',
      );
  }
  return undefined;
}

function refuseSecret(secret: string | undefined): Refusal | undefined {
  if (secret === undefined) return undefined;
  const text = secretPattern.exec(secret)?.[1] ?? '';
  const bytes = Math.floor((text.replace(/=+$/, '').length * 3) / 4);
  // Of the full length with its padding: the libraries of receivers refuse anything else.
  return text.length % 4 === 0 && bytes >= secretBytesMin
    ? undefined
    : refusal.invalidField(
        '$.signingSecret',
        'channel_secret_invalid',
        `must be base64 of at least ${secretBytesMin} bytes, with or without whsec_ before it`,
      );
}

const normalSecret = (secret: string): string => (secret.startsWith('whsec_') ? secret : `whsec_${secret}`);
