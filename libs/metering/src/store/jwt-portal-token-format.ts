import type { Instant } from '@ledgerline/kernel';
import { decodeJwt, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { randomBytes } from 'node:crypto';
import type { PortalTokenFormat } from '../core/portal-ports.js';
import type { PortalClaims } from '../core/portal-token.js';

// The names that clients of the original know.
const issuer = 'openmeter';
const algorithm = 'HS256';
/** As long as the hash: more adds nothing to HS256, less weakens it. */
const secretBytes = 32;

// Not believed yet, so nothing strange may reach the database.
const namespacePattern = /^[\x21-\x7e]{1,128}$/;

const keyOf = (secret: string): Uint8Array => new TextEncoder().encode(secret);

/** Portal tokens as JSON Web Tokens. */
export class JwtPortalTokenFormat implements PortalTokenFormat {
  newSecret(): string {
    return randomBytes(secretBytes).toString('base64url');
  }

  write(claims: PortalClaims, secret: string): Promise<string> {
    return new SignJWT({
      Namespace: claims.namespace,
      Id: claims.id,
      ...(claims.allowedMeterSlugs === undefined ? {} : { AllowedMeterSlugs: claims.allowedMeterSlugs }),
    })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(claims.subject)
      .setIssuedAt(claims.issuedAtSeconds)
      .setExpirationTime(claims.expiresAtSeconds)
      .sign(keyOf(secret));
  }

  peekNamespace(token: string): string | undefined {
    try {
      const namespace = decodeJwt(token)['Namespace'];
      return typeof namespace === 'string' && namespacePattern.test(namespace) ? namespace : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined; // not a token at all
      throw error;
    }
  }

  async read(
    token: string,
    secret: string,
    now: Instant,
  ): Promise<PortalClaims | { readonly wrong: string }> {
    try {
      const { payload } = await jwtVerify(token, keyOf(secret), {
        issuer,
        algorithms: [algorithm],
        requiredClaims: ['exp'],
        currentDate: new Date(now.epochMilliseconds),
      });
      return claimsFromJwt(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { wrong: 'token is expired' };
      if (error instanceof errors.JOSEError) return { wrong: error.message };
      throw error;
    }
  }
}

/** Whoever holds the key may sign anything: what is not in our form is no token of ours. */
function claimsFromJwt(payload: JWTPayload): PortalClaims | { readonly wrong: string } {
  const { Namespace: namespace, Id: id, AllowedMeterSlugs: slugs, sub = '', iat = 0, exp = 0 } = payload;
  if (typeof namespace !== 'string' || typeof id !== 'string') return { wrong: 'claims are missing' };
  if (slugs !== undefined && slugs !== null && !isTexts(slugs)) return { wrong: 'claims are malformed' };
  return {
    namespace,
    id,
    subject: sub,
    allowedMeterSlugs: slugs === undefined || slugs === null || slugs.length === 0 ? undefined : slugs,
    issuedAtSeconds: iat,
    expiresAtSeconds: exp,
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
