import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** A secret that cannot be sealed or opened. The message says what to do and never holds the secret. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** Keeps secrets unreadable at rest. `scope` (namespace and purpose) is bound in: a text moved elsewhere does not open. */
export interface Sealer {
  seal(scope: string, secret: string): string;
  open(scope: string, sealed: string): string;
}

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const version = 'v1';

/**
 * AES-256-GCM under `keys`: base64 of 32 bytes each, separated by commas. The first one seals, all of them open, so that a key
 * is replaced by putting a new one in front. Sealed form: `v1.<key id>.<base64url of iv, tag and text>`.
 */
export function createSealer(keys: string): Sealer {
  const byId = new Map(
    keys
      .split(',')
      .filter((text) => text.trim() !== '')
      .map(readKey)
      .map((key) => [idOf(key), key] as const),
  );
  return {
    seal(scope, secret) {
      const [first] = byId;
      if (first === undefined)
        throw new SealError('secrets.keys is empty: set it to the base64 of 32 random bytes');
      const [id, key] = first;
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(scope));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${version}.${id}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    open(scope, sealed) {
      const [found, id = '', body = ''] = sealed.split('.');
      const key = byId.get(id);
      if (found !== version || key === undefined)
        throw new SealError(`a secret was sealed with a key that is not in secrets.keys (${id})`);
      const bytes = Buffer.from(body, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(scope))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      try {
        const text = decipher.update(bytes.subarray(ivBytes + tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch (error) {
        throw new SealError('a sealed secret was changed or belongs somewhere else', { cause: error });
      }
    },
  };
}

/** A new key in the form that `secrets.keys` takes. */
export const newSealingKey = (): string => randomBytes(keyBytes).toString('base64');

function readKey(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== keyBytes) throw new SealError('each of secrets.keys must be the base64 of 32 bytes');
  return key;
}

/** Names a key without telling anything of it. */
const idOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);
