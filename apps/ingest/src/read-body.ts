import { type Refusal, refusal } from '@ledgerline/kernel';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { type Inflate, Inflater, inflaterOf } from './inflate.js';

export interface BodyLimits {
  /** Bytes as sent. */
  readonly bodyMaxBytes: number;
  /** Bytes after inflating. */
  readonly inflatedMaxBytes: number;
  /** Bytes of all bodies that are being received, so that many slow senders cannot fill the memory. */
  readonly receivingMaxBytes: number;
}

export type BodyOutcome = { readonly text: string } | { readonly refused: Refusal };

/** Receives bodies: counts while they come, inflates, and makes sure that they are UTF-8. */
export class BodyReader {
  private readonly inflater: Inflater;
  private held = 0;

  constructor(private readonly limits: BodyLimits) {
    this.inflater = new Inflater(limits.inflatedMaxBytes);
  }

  get bytesHeld(): number {
    return this.held;
  }

  read(request: IncomingMessage): Promise<BodyOutcome> {
    const inflate = inflaterOf(request.headers['content-encoding']);
    if (inflate === undefined) return this.receive(request, decode);
    if ('refused' in inflate) return Promise.resolve(inflate);
    return this.inflated(request, inflate);
  }

  private async inflated(request: IncomingMessage, inflate: Inflate): Promise<BodyOutcome> {
    const received = await this.receive(request, (bytes) => ({ bytes }));
    if ('refused' in received) return received;
    const { bytes } = received;
    // Held until inflated: compressed bodies may wait for their turn.
    this.held += bytes.length;
    try {
      const outcome = await this.inflater.run(bytes, inflate);
      return 'refused' in outcome ? outcome : decode(outcome);
    } finally {
      this.held -= bytes.length;
    }
  }

  /** @param use called with the body, once it is here */
  private receive<T>(request: IncomingMessage, use: (bytes: Buffer) => T): Promise<T | { refused: Refusal }> {
    const { bodyMaxBytes, receivingMaxBytes } = this.limits;
    const tooLarge = refusal.tooLarge(`a request body takes at most ${bodyMaxBytes} bytes as sent`);
    if (Number(request.headers['content-length'] ?? 0) > bodyMaxBytes) {
      return Promise.resolve({ refused: tooLarge });
    }
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (outcome: T | { refused: Refusal }): void => {
        request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
        this.held -= size;
        resolve(outcome);
      };
      const onData = (chunk: Buffer): void => {
        size += chunk.length;
        this.held += chunk.length;
        chunks.push(chunk);
        if (size > bodyMaxBytes) finish({ refused: tooLarge });
        else if (this.held > receivingMaxBytes) {
          finish({ refused: refusal.unavailable('too many request bodies are being received at once') });
        }
      };
      const onEnd = (): void => {
        const [first] = chunks;
        finish(use(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size)));
      };
      // The sender went away or was cut off for being slow: nobody hears this answer, but what was held is let go.
      const onClose = (): void => finish({ refused: refusal.invalid('the request ended before its body') });
      request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    });
  }
}

function decode(bytes: Buffer): BodyOutcome {
  // Decoding would replace what is not UTF-8, and two ids could become one.
  if (!isUtf8(bytes)) return { refused: refusal.invalid('the body is not valid UTF-8') };
  const text = bytes.toString('utf8');
  return { text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text };
}
