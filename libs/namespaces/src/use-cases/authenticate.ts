import { accessOf, type OperationId } from '@ledgerline/contract';
import { type Clock, type Instant, isAtOrBefore, refusal, Refused } from '@ledgerline/kernel';
import type { ApiKey } from '../core/api-key.js';
import { keyOfHeader } from '../core/key-text.js';
import type { KeyLookup } from '../core/ports.js';
import { allows } from '../core/scopes.js';
import { hashOfKey } from './key-secret.js';

export interface Authenticated {
  readonly namespace: string;
  readonly actor: string;
}

/** A revoked key is refused after this at the latest; the promise is five seconds. */
const cachedForMs = 2_000;
/** Headers remembered; more keys than that within two seconds are asked for again. */
const cacheMax = 10_000;

// Missing, mistyped, unknown, revoked and expired alike: a stranger learns nothing about a key.
const notValid = refusal.unauthenticated('send a valid API key: Authorization: Bearer <key>');
// No namespace can be called so: an operation that forgets to set its own finds nothing and nobody.
const nobody: Authenticated = { namespace: '', actor: 'anonymous' };

interface Remembered {
  readonly key: Promise<ApiKey | undefined>;
  readonly askedAtMs: number;
}

/** Finds out who asks, by the key in the Authorization header, and whether that is enough for the operation. */
export class Authenticate {
  private readonly cache = new Map<string, Remembered>();

  constructor(
    private readonly lookup: KeyLookup,
    private readonly clock: Clock,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  async run(operation: OperationId, authorization: string | undefined): Promise<Authenticated> {
    const needed = accessOf(operation);
    if (needed === 'own') return nobody;
    const now = this.clock.now();
    const key = authorization === undefined ? undefined : await this.find(authorization, now);
    if (key === undefined || key.revokedAt !== undefined || isOver(key, now)) throw new Refused(notValid);
    if (!allows(key.scopes, needed)) {
      throw new Refused(refusal.forbidden(`the API key has no scope that includes ${needed}`));
    }
    return { namespace: key.namespace, actor: `api-key:${key.id}` };
  }

  private find(authorization: string, now: Instant): Promise<ApiKey | undefined> {
    const remembered = this.cache.get(authorization);
    const nowMs = this.monotonicMs();
    if (remembered !== undefined && nowMs - remembered.askedAtMs < cachedForMs) return remembered.key;
    this.cache.delete(authorization);
    const text = keyOfHeader(authorization);
    if (text === undefined) return Promise.resolve(undefined);
    if (this.cache.size >= cacheMax) this.cache.clear();
    const key = this.lookup.use(hashOfKey(text), now).then(
      (found) => {
        // Strangers are not remembered: their headers would push out those of customers.
        if (found === undefined) this.cache.delete(authorization);
        return found;
      },
      (error: unknown) => {
        this.cache.delete(authorization);
        throw error;
      },
    );
    this.cache.set(authorization, { key, askedAtMs: nowMs });
    return key;
  }
}

const isOver = ({ expiresAt }: ApiKey, now: Instant): boolean =>
  expiresAt !== undefined && isAtOrBefore(expiresAt, now);
