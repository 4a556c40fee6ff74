import type { Db, Instant, Tx } from '@ledgerline/kernel';
import type { PortalClaims, PortalToken } from './portal-token.js';

export interface PortalTokenStore {
  insert(tx: Tx, token: PortalToken): Promise<void>;
  find(db: Db, id: string): Promise<PortalToken | undefined>;
  /** Newest first, without those that were invalidated. */
  list(db: Db, limit: number): Promise<readonly PortalToken[]>;
  /** All tokens that both of what is given name. Answers their ids, those that were invalidated before left out. */
  invalidate(tx: Tx, which: WhichTokens): Promise<readonly string[]>;
  /** Removes some of the tokens that ended before the instant, so that the table cannot grow for ever. */
  removeExpired(tx: Tx, before: Instant): Promise<void>;
  /** The signing key of the namespace, once there is one. */
  findSecret(db: Db): Promise<string | undefined>;
  /** Keeps the key unless there is one already; answers the one that counts. */
  keepSecret(tx: Tx, secret: string): Promise<string>;
}

export interface WhichTokens {
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
}

/** The written form of claims: a JWT signed with HS256. */
export interface PortalTokenFormat {
  newSecret(): string;
  write(claims: PortalClaims, secret: string): Promise<string>;
  /** The namespace that a token claims, not believed yet: it tells which key to hold it against. */
  peekNamespace(token: string): string | undefined;
  /** The claims, or why they cannot be believed. */
  read(token: string, secret: string, now: Instant): Promise<PortalClaims | { readonly wrong: string }>;
}
