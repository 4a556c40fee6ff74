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

/** A success reply that sends the browser elsewhere (303). */
export class RedirectReply {
  constructor(readonly location: string) {}
}

export const redirectReply = (location: string): RedirectReply => new RedirectReply(location);
