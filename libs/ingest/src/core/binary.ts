import type { IngestVerdict } from './verdict.js';

const PREFIX = 'ce-';

/**
 * The CloudEvents attributes of a binary-mode request, read from its raw headers (name, value, name, value, …). They are
 * percent-encoded UTF-8; characters that were sent raw are taken as the UTF-8 bytes they came as. What cannot be read goes
 * to the verdict.
 */
export function readAttributeHeaders(
  rawHeaders: readonly string[],
  verdict: IngestVerdict,
): Record<string, unknown> {
  const attributes = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = (rawHeaders[i] ?? '').toLowerCase();
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    // Headers joined by a comma would make up an id that nobody sent.
    if (attributes.has(name)) verdict.add(0, name, 'repeated', `stands in more than one ${header} header`);
    const value = decodeHeader(rawHeaders[i + 1] ?? '');
    if (value === undefined) {
      verdict.add(0, name, 'invalid_format', `must be percent-encoded UTF-8 in the ${header} header`);
    }
    attributes.set(name, value ?? '');
  }
  // Own members only, whatever the name: fromEntries defines, it does not assign.
  return Object.fromEntries(attributes);
}

/** Undefined when the header does not decode to UTF-8 text. */
function decodeHeader(raw: string): string | undefined {
  const isQuoted = raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"');
  const bare = isQuoted ? raw.slice(1, -1).replace(/\\(.)/g, '$1') : raw;
  // Node gives header bytes as one character each; written as escapes they are read together with those that were escaped.
  const escaped = bare.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  try {
    return decodeURIComponent(escaped);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
