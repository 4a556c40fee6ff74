import type { Readable } from 'node:stream';

/** A success reply in another medium than JSON. */
export class MediaReply {
  constructor(
    readonly contentType: string,
    readonly body: string | Uint8Array,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** Answers CSV or plain text: `mediaReply({ contentType: 'text/csv', body })`. */
export const mediaReply = (reply: {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}): MediaReply => new MediaReply(reply.contentType, reply.body, reply.headers ?? {});

/** A success reply that goes on for as long as the caller listens. Whoever reads it destroys it when the caller is gone. */
export class StreamReply {
  constructor(
    readonly contentType: string,
    readonly body: Readable,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** Answers a stream: `streamReply({ contentType: 'text/event-stream', body })`. */
export const streamReply = (reply: {
  readonly contentType: string;
  readonly body: Readable;
  readonly headers?: Readonly<Record<string, string>>;
}): StreamReply => new StreamReply(reply.contentType, reply.body, reply.headers ?? {});

/** A success reply that sends the browser elsewhere (303). */
export class RedirectReply {
  constructor(readonly location: string) {}
}

export const redirectReply = (location: string): RedirectReply => new RedirectReply(location);
