import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What a page of any origin may do: read, with a token of its own. */
const open: FastifyCorsOptions = {
  origin: true,
  methods: ['GET', 'OPTIONS'],
  allowedHeaders: ['Accept', 'Authorization', 'Content-Type'],
  credentials: true,
  maxAge: 1_728_000, // twenty days, as the original says; browsers cut it to their own limit
  // An OPTIONS request that is no preflight is answered like one: it learns nothing else.
  strictPreflight: false,
};
const closed: FastifyCorsOptions = { origin: false };

const isUnder = (request: FastifyRequest, path: string): boolean => {
  const asked = request.url.split('?', 1)[0] ?? '';
  return asked === path || asked.startsWith(`${path}/`);
};

/**
 * Lets web pages of any origin use what lies under these paths, and nothing else. Preflights are answered before anybody is
 * asked for credentials, because browsers send none with them.
 */
export async function openToWebPages(fastify: FastifyInstance, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await fastify.register(cors, {
    delegator: (request, decide) => {
      decide(null, paths.some((path) => isUnder(request, path)) ? open : closed);
    },
  });
}
