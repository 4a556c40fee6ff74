import { type Refusal, refusal } from '@ledgerline/kernel';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type InputType } from 'node:zlib';

export type Inflate = (body: InputType, options: { maxOutputLength: number }) => Promise<Buffer>;

const zlibStream = promisify(inflate) as Inflate;
const rawStream = promisify(inflateRaw) as Inflate;
// "deflate" means a zlib stream, but some clients send it bare. A zlib stream says so in its first four bits.
const deflate: Inflate = (body, options) =>
  ((body as Buffer)[0] ?? 0) % 16 === 8 ? zlibStream(body, options) : rawStream(body, options);

const byEncoding = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', deflate],
  ['br', promisify(brotliDecompress)],
]);

export const acceptedEncodings = 'gzip, deflate, br';

/** Undefined for a body that was sent as it is. Refused when the encoding is none of ours. */
export function inflaterOf(contentEncoding: string | undefined): Inflate | undefined | { refused: Refusal } {
  const name = (contentEncoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return undefined;
  return (
    byEncoding.get(name) ?? {
      refused: refusal.unsupportedMediaType(
        `content encoding ${name.slice(0, 64)} is not supported; send ${acceptedEncodings} or none`,
      ),
    }
  );
}

/** Each inflater at work holds up to the inflated limit; the pool has four threads, so more would wait in memory anyway. */
const INFLATERS_MAX = 4;

/** Inflates bodies, a few at a time, and stops at the limit: no more than that is ever produced. */
export class Inflater {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly maxOutputLength: number) {}

  async run(body: Buffer, inflateBody: Inflate): Promise<Buffer | { refused: Refusal }> {
    if (this.running >= INFLATERS_MAX) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await inflateBody(body, { maxOutputLength: this.maxOutputLength });
    } catch (error) {
      return { refused: this.refusalOf(error) };
    } finally {
      // A place is handed over, not given back, so that nobody slips in between.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private refusalOf(error: unknown): Refusal {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return refusal.tooLarge(`the body inflates to more than ${this.maxOutputLength} bytes`);
    }
    // Damaged, cut short, or another format: the sender’s mistake. Anything else, such as no memory, is ours.
    if (/^(Z_DATA_ERROR|Z_BUF_ERROR|Z_NEED_DICT|ERR__ERROR_)/.test(code)) {
      return refusal.invalid('the body does not inflate: it is damaged, or not of its content encoding');
    }
    throw error;
  }
}
