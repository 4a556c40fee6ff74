interface BodyParsing {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: '*',
    options: { parseAs: 'buffer' },
    parser: (request: unknown, body: Buffer, done: (error: null, body: Buffer) => void) => void,
  ): void;
}

/**
 * Leaves all bodies to the contract: with this, a wrong content type or broken JSON gets the contract's 400, an action
 * without a body may carry a content type, and signatures can be checked over the bytes. Needs Nest's `bodyParser: false`.
 */
export function useRawBodies(fastify: BodyParsing): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}
