import type { FastifyInstance } from 'fastify';

// Often enough that a shutdown is not felt, seldom enough that it costs nothing.
const lookEveryMs = 50;

/**
 * Lets a closing server end. Node counts a connection that has never sent anything as busy, and a closing server then waits for it
 * for a minute; so does one whose answer was a keep-alive. Once no request is under way, all connections are ended.
 */
export function endConnectionsOnClose(fastify: FastifyInstance): void {
  let underWay = 0;
  fastify.addHook('onRequest', (_request, reply, done) => {
    underWay += 1;
    // Comes once, whether the answer was finished or the client left.
    reply.raw.once('close', () => {
      underWay -= 1;
    });
    done();
  });
  fastify.addHook('preClose', (done) => {
    const looking = setInterval(() => {
      if (underWay === 0) fastify.server.closeAllConnections();
    }, lookEveryMs);
    fastify.server.once('close', () => clearInterval(looking));
    done();
  });
}
