/** What one request may ask of us. Sizes of the body itself (sent and inflated) are the reader's business, not the parser's. */
export interface IngestLimits {
  /** Events of one request. */
  readonly batchMax: number;
  /** Nesting of one event; the event itself is level 1, its data level 2. */
  readonly depthMax: number;
  /** UTF-8 bytes of one string, member name or number literal. */
  readonly stringMaxBytes: number;
  /** Members of one object, so that hashing and walking stay cheap. */
  readonly keysMax: number;
  /** Issues listed in one answer; the rest is counted. Keeps the answer to a hopeless batch of a thousand readable. */
  readonly issuesMax: number;
}

export const defaultIngestLimits: IngestLimits = {
  batchMax: 1000,
  depthMax: 32,
  stringMaxBytes: 64 * 1024,
  keysMax: 256,
  issuesMax: 100,
};

/** True when the UTF-8 form of `text` is longer than `maxBytes`. Counts only where the length alone does not decide. */
export function exceedsBytes(text: string, maxBytes: number): boolean {
  const { length } = text;
  if (length * 3 <= maxBytes) return false;
  if (length > maxBytes) return true;
  let bytes = length;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    // A surrogate is half of a four-byte character, so it adds one byte to its own unit.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes > maxBytes;
}
