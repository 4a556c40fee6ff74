import type { components } from '@ledgerline/contract';
import { compareInstants, type Instant, refusal, Refused, toRfc3339 } from '@ledgerline/kernel';
import type { WhichTokens } from '../core/portal-ports.js';
import type { PortalToken, PortalTokenDraft } from '../core/portal-token.js';
import { instantFromApi } from './convert.js';

type ApiToken = components['schemas']['PortalToken'];

/** The document calls `expiresAt` read-only, so nobody has checked it, and clients send it all the same. */
export function portalTokenFromApi(body: ApiToken): PortalTokenDraft {
  const expiresAt: unknown = body.expiresAt;
  if (expiresAt !== undefined && expiresAt !== null && typeof expiresAt !== 'string') {
    throw new Refused(refusal.invalidField('$.expiresAt', 'instant', 'is not a point in time'));
  }
  return {
    subject: body.subject,
    allowedMeterSlugs: body.allowedMeterSlugs,
    expiresAt:
      expiresAt === undefined || expiresAt === null ? undefined : instantFromApi('$.expiresAt', expiresAt),
  };
}

/** The document lets the body be left out. */
export const whichTokensFromApi = (body: WhichTokens | undefined): WhichTokens => ({
  id: body?.id,
  subject: body?.subject,
});

export const portalTokenToApi = (token: PortalToken, now: Instant): ApiToken => ({
  id: token.id,
  subject: token.subject,
  createdAt: toRfc3339(token.createdAt),
  expiresAt: toRfc3339(token.expiresAt),
  allowedMeterSlugs: [...(token.allowedMeterSlugs ?? [])],
  ...(compareInstants(token.expiresAt, now) <= 0 ? { expired: true } : {}),
});
