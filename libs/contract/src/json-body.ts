import { Refused, refusal } from '@ledgerline/kernel';
import { isUtf8 } from 'node:buffer';
import { memberPath } from './issues.js';

// No schema of the contract nests deeper than about 15; free-form data ends here before a validator's stack does.
const depthMax = 64;

const malformed = (why: string): Refused => new Refused(refusal.invalid(`decode json: ${why}`));

/** Refuses deep nesting before anything recursive sees the text. */
function checkDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > depthMax) throw malformed(`nested deeper than ${depthMax} levels`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
}

/** What no database of ours can hold: NUL, and half of a surrogate pair, which is no character. */
export const isStorable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);
export const notStorable = 'must not contain U+0000 or half of a surrogate pair';

/** A name or a text that validators let pass and that breaks what comes after them. */
function findTrap(value: unknown, path: string): Refused | undefined {
  if (typeof value === 'string' && !isStorable(value))
    return new Refused(refusal.invalidField(path, 'json.text', notStorable));
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const at = path + (Array.isArray(value) ? `[${key}]` : memberPath(key));
    // Any later copy by assignment would turn an own `__proto__` into a prototype.
    if (key === '__proto__')
      return new Refused(refusal.invalidField(at, 'json.proto', 'is not a permitted name'));
    if (!isStorable(key)) return new Refused(refusal.invalidField(at, 'json.text', notStorable));
    const found = findTrap(each, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function parseJson(text: string): unknown {
  checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(error.message);
    throw error;
  }
  // All of them have to be written out or escaped in the text; most texts have neither.
  if (/__proto__|\\u(?:005f|0000|d[89a-f])/i.test(text)) {
    const trap = findTrap(value, '$');
    if (trap !== undefined) throw trap;
  }
  return value;
}

/** `body` is the bytes as they came, or what a parser in front already made of them. */
export function readJson(body: unknown): unknown {
  if (!(body instanceof Uint8Array)) return typeof body === 'string' ? parseJson(body) : body;
  if (!isUtf8(body)) throw malformed('the body is not UTF-8');
  return parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
}

export const isJsonMedia = (mediaType: string): boolean =>
  /^application\/(?:[\w.-]+\+)?json$/.test(mediaType);

/** `Application/JSON; charset=utf-8` → `application/json`. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
