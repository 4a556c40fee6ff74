import { describe, expect, it } from '@jest/globals';
import { createSealer, newSealingKey, SealError } from './sealer.js';

const key = newSealingKey();

describe('sealer', () => {
  it('opens what it sealed, in the same scope only', () => {
    const sealer = createSealer(key);
    const sealed = sealer.seal('acme/webhook', 'whsec_ä');
    expect(sealed).not.toContain('whsec');
    expect(sealer.open('acme/webhook', sealed)).toBe('whsec_ä');
    expect(() => sealer.open('other/webhook', sealed)).toThrow(SealError);
  });

  it('seals the same text differently each time', () => {
    const sealer = createSealer(key);
    expect(sealer.seal('a', 'x')).not.toBe(sealer.seal('a', 'x'));
  });

  it('refuses a changed text, a foreign key, and a key that is none', () => {
    const sealed = createSealer(key).seal('a', 'secret');
    const [version = '', id = '', body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    expect(() => createSealer(key).open('a', [version, id, bytes.toString('base64url')].join('.'))).toThrow(
      SealError,
    );
    expect(() => createSealer(newSealingKey()).open('a', sealed)).toThrow(/not in secrets.keys/);
    expect(() => createSealer('short')).toThrow(SealError);
    expect(() => createSealer('').seal('a', 'x')).toThrow(/secrets.keys is empty/);
  });

  it('opens with an older key that stands behind the new one', () => {
    const sealed = createSealer(key).seal('a', 'secret');
    expect(createSealer(`${newSealingKey()},${key}`).open('a', sealed)).toBe('secret');
  });
});
