import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { reasonOf } from '../telemetry/reason.js';
import { isPublicAddress } from './public-address.js';

export interface PostOutOptions {
  /** Lets requests reach private networks, and plain http: for tests and closed installations. */
  readonly allowPrivate: boolean;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Kept of an answer; the rest is not read. */
  readonly answerBytesMax: number;
}

export interface PostOut {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `failed`: no answer, with the reason. An answer counts whatever its status; redirects are not followed. */
export type PostOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly durationMs: number };

/**
 * Sends a request to an address that somebody else chose. The name is resolved once, every address it has must be public, and the
 * connection goes to an address that was checked: a name that answers differently a moment later changes nothing.
 */
export async function postOut(post: PostOut, options: PostOutOptions): Promise<PostOutcome> {
  const startedAt = performance.now();
  const since = (): number => Math.round(performance.now() - startedAt);
  try {
    const url = readUrl(post.url, options);
    const addresses = await within(resolve(url.hostname, options), options.timeoutMs);
    const answer = await exchange(url, addresses, post, options);
    return { kind: 'answered', ...answer, durationMs: since() };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error), durationMs: since() };
  }
}

/** Why this URL is never asked; undefined when it may be. Says nothing of where its name leads. */
export function refuseUrl(
  text: string,
  { allowPrivate }: Pick<PostOutOptions, 'allowPrivate'>,
): string | undefined {
  try {
    const url = readUrl(text, { allowPrivate });
    const host = bareHost(url.hostname);
    return isIP(host) !== 0 && !allowPrivate && !isPublicAddress(host)
      ? 'must not name a private or reserved address'
      : undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function readUrl(text: string, { allowPrivate }: Pick<PostOutOptions, 'allowPrivate'>): URL {
  if (!URL.canParse(text)) throw new Error('must be a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    throw new Error('must begin with https://');
  if (url.username !== '' || url.password !== '') throw new Error('must not hold a user or password');
  return url;
}

const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

async function resolve(hostname: string, { allowPrivate }: PostOutOptions): Promise<LookupAddress[]> {
  const host = bareHost(hostname);
  const family = isIP(host);
  const addresses = family === 0 ? await lookup(host, { all: true }) : [{ address: host, family }];
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
    throw new Error(`${host} leads to a private or reserved address`);
  return addresses;
}

/** A name server that is silent must not hold us longer than a receiver that is. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no address within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function exchange(
  url: URL,
  addresses: readonly LookupAddress[],
  { headers, body }: PostOut,
  { timeoutMs, answerBytesMax }: PostOutOptions,
): Promise<{ status: number; body: string }> {
  // The only addresses this connection can go to.
  const checked: LookupFunction = (_host, options, done) => {
    const [first] = addresses;
    if (options.all === true) done(null, [...addresses]);
    else if (first !== undefined) done(null, first.address, first.family);
  };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((settle, fail) => {
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: checked,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('error', (error) => {
      fail(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? new Error(`no answer within ${timeoutMs} ms`)
          : error,
      );
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        settle({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk.subarray(0, answerBytesMax - bytes));
        bytes += chunk.length;
        if (bytes < answerBytesMax) return;
        finish();
        request.destroy();
      });
      response.on('end', finish);
      response.on('error', fail);
    });
    request.end(body);
  });
}
