// llk_ + 44 random letters and digits (262 bits) + 6 that check them. The prefix lets secret scanners find a key that
// was committed by mistake, the checksum tells a mistyped key from an unknown one without asking anybody.
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const start = 'llk_';
const checksumLength = 6;
/** How many of the random characters a list shows; at 6 bits each, 226 stay secret. */
const shownLength = 6;
export const randomCharacters = 44;

const pattern = new RegExp(`^${start}([0-9A-Za-z]{${randomCharacters}})([0-9A-Za-z]{${checksumLength}})$`);
// Each of the letters must be equally likely, so the bytes above the last whole alphabet do not count.
const usableBytes = 256 - (256 % alphabet.length);

/** The random part of a key, or undefined when too many of the bytes were not usable. */
export function keyTextOf(bytes: Uint8Array): string | undefined {
  const usable = [...bytes].filter((byte) => byte < usableBytes).slice(0, randomCharacters);
  if (usable.length < randomCharacters) return undefined;
  const random = usable.map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
  return `${start}${random}${checksumOf(random)}`;
}

export const prefixOf = (key: string): string => key.slice(0, start.length + shownLength);

/** Whether this can be a key of ours at all. */
export function isKeyText(text: string): boolean {
  const match = pattern.exec(text);
  return match !== null && checksumOf(match[1] ?? '') === match[2];
}

const bearer = /^Bearer +(\S+) *$/i;

/** The key of an Authorization header; undefined when there is none that could be ours. */
export function keyOfHeader(authorization: string | undefined): string | undefined {
  const text = bearer.exec(authorization ?? '')?.[1];
  return text !== undefined && isKeyText(text) ? text : undefined;
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let checksum = '';
  for (let n = 0; n < checksumLength; n += 1) {
    checksum = alphabet.charAt(rest % alphabet.length) + checksum;
    rest = Math.floor(rest / alphabet.length);
  }
  return checksum;
}

/** CRC-32 as in gzip, bit by bit: no table for fifty characters. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
