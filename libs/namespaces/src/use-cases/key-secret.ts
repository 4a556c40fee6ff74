import { createHash, randomBytes } from 'node:crypto';
import { keyTextOf, randomCharacters } from '../core/key-text.js';

/** A new key. Bytes that fit no letter are left out, so some more are drawn; too few are left once in many billion times. */
export function newKeyText(): string {
  for (;;) {
    const key = keyTextOf(randomBytes(2 * randomCharacters));
    if (key !== undefined) return key;
  }
}

export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');
