import { compareInstants, type Decision, type Instant, instantFromMs, refusal } from '@ledgerline/kernel';

/** What is kept of a token: never the token itself. */
export interface PortalToken {
  readonly id: string;
  readonly subject: string;
  /** Undefined: every meter of the namespace. */
  readonly allowedMeterSlugs: readonly string[] | undefined;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly invalidatedAt: Instant | undefined;
}

/** What a token says about itself, in names of our own. */
export interface PortalClaims {
  readonly namespace: string;
  readonly id: string;
  readonly subject: string;
  readonly allowedMeterSlugs: readonly string[] | undefined;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

export interface PortalTokenDraft {
  readonly subject: string;
  readonly expiresAt?: Instant | undefined;
  readonly allowedMeterSlugs?: readonly string[] | undefined;
}

/** A list of more is every meter: then no list is needed. It also travels in a header. */
const slugsMax = 100;
// As long as a subject of an event may be.
const subjectLengthMax = 1_024;

const wholeSeconds = (at: Instant): number => Math.floor(at.epochMilliseconds / 1000);

/** Every rule of a new token but that its meters exist. Tokens end at whole seconds. */
export function decidePortalToken(
  draft: PortalTokenDraft,
  facts: { readonly id: string; readonly now: Instant; readonly lifetimeSeconds: number },
): Decision<PortalToken> {
  const { now, lifetimeSeconds } = facts;
  if (draft.subject === '' || draft.subject.length > subjectLengthMax) {
    return {
      refused: refusal.invalidField('$.subject', 'subject', `must have 1 to ${subjectLengthMax} characters`),
    };
  }
  const slugs = draft.allowedMeterSlugs;
  if (slugs !== undefined && (slugs.length === 0 || slugs.length > slugsMax)) {
    return {
      refused: refusal.invalidField('$.allowedMeterSlugs', 'length', `must name 1 to ${slugsMax} meters`),
    };
  }
  const latest = now.add({ seconds: lifetimeSeconds });
  const expiresAt = instantFromMs(wholeSeconds(draft.expiresAt ?? latest) * 1000);
  if (compareInstants(expiresAt, now) <= 0) {
    return { refused: refusal.invalidField('$.expiresAt', 'past', 'must be in the future') };
  }
  if (compareInstants(expiresAt, latest) > 0) {
    return {
      refused: refusal.invalidField(
        '$.expiresAt',
        'far',
        `must not be more than ${lifetimeSeconds} seconds from now`,
      ),
    };
  }
  return {
    accepted: {
      id: facts.id,
      subject: draft.subject,
      allowedMeterSlugs: slugs === undefined ? undefined : [...new Set(slugs)],
      createdAt: now,
      expiresAt,
      invalidatedAt: undefined,
    },
  };
}

export const claimsOf = (namespace: string, token: PortalToken): PortalClaims => ({
  namespace,
  id: token.id,
  subject: token.subject,
  allowedMeterSlugs: token.allowedMeterSlugs,
  issuedAtSeconds: wholeSeconds(token.createdAt),
  expiresAtSeconds: wholeSeconds(token.expiresAt),
});

const unauthenticated = (
  detail: string,
): { readonly refused: ReturnType<typeof refusal.unauthenticated> } => ({
  refused: refusal.unauthenticated(detail),
});

export const invalidToken = (why: string): ReturnType<typeof unauthenticated> =>
  unauthenticated(`invalid token: ${why}`);

/** The token of an Authorization header of exactly two parts. */
export function readBearer(header: string | undefined): Decision<string> {
  if (header === undefined || header === '') return unauthenticated('missing authorization header');
  const [scheme, token, ...more] = header.split(' ', 3);
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || more.length > 0) {
    return unauthenticated('invalid authorization header');
  }
  return token === '' ? unauthenticated('bearer token cannot be empty') : { accepted: token };
}

/** Whether claims whose signature is right admit a question about a meter. */
export function admitPortalQuery(
  claims: PortalClaims,
  facts: { readonly slug: string; readonly now: Instant; readonly kept: PortalToken | undefined },
): Decision<{ readonly namespace: string; readonly subject: string }> {
  const { slug, now, kept } = facts;
  if (claims.subject === '') return unauthenticated('invalid subject');
  if (claims.allowedMeterSlugs !== undefined && !claims.allowedMeterSlugs.includes(slug)) {
    return unauthenticated('meter slug not allowed');
  }
  if (claims.expiresAtSeconds * 1000 <= now.epochMilliseconds) return unauthenticated('token expired');
  if (kept === undefined || kept.invalidatedAt !== undefined) return invalidToken('it was invalidated');
  return { accepted: { namespace: claims.namespace, subject: claims.subject } };
}
