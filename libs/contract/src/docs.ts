import type { FastifyInstance, FastifyReply } from 'fastify';
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemMedia, problemOf } from './problem.js';

// The same place seen from src/ and from dist/.
const documents = fileURLToPath(new URL('../openapi/', import.meta.url));

interface Asset {
  readonly contentType: string;
  readonly open: () => NodeJS.ReadableStream | string;
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Ledgerline API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/swagger-ui-standalone-preset.js"></script>
<script src="/docs/initializer.js"></script>
</body>
</html>
`;

// The documents name a server of their own; "try it out" must ask the one that shows the page.
const initializer = `window.ui = SwaggerUIBundle({
  urls: [
    { name: 'OpenMeter API v1', url: '/api/swagger.json' },
    { name: 'Ledgerline extensions', url: '/api/ledgerline/swagger.json' },
  ],
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
  requestInterceptor: (request) => {
    const url = new URL(request.url, window.location.href);
    if (url.pathname.startsWith('/api/')) request.url = window.location.origin + url.pathname + url.search;
    return request;
  },
});
`;

/** Every file that can be asked for by name. What is not listed does not exist, so no path can lead out of the folder. */
function assets(): ReadonlyMap<string, Asset> {
  const ui = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const file = (name: string, contentType: string): [string, Asset] => [
    name,
    { contentType, open: () => createReadStream(join(ui, name)) },
  ];
  return new Map([
    ['index.html', { contentType: 'text/html; charset=utf-8', open: () => page }],
    ['initializer.js', { contentType: 'text/javascript; charset=utf-8', open: () => initializer }],
    file('swagger-ui.css', 'text/css; charset=utf-8'),
    file('swagger-ui-bundle.js', 'text/javascript; charset=utf-8'),
    file('swagger-ui-standalone-preset.js', 'text/javascript; charset=utf-8'),
    file('favicon-16x16.png', 'image/png'),
    file('favicon-32x32.png', 'image/png'),
  ]);
}

// Everything from here, nothing from elsewhere; Swagger UI sets style attributes and draws icons from data URLs.
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const documentRoutes: readonly {
  readonly path: string;
  readonly file: string;
  readonly contentType: string;
}[] = [
  {
    path: '/api/swagger.json',
    file: 'openmeter.openapi.gen.json',
    contentType: 'application/json; charset=utf-8',
  },
  {
    path: '/api/ledgerline/swagger.json',
    file: 'ledgerline.openapi.gen.json',
    contentType: 'application/json; charset=utf-8',
  },
  {
    path: '/api/openmeter.openapi.yaml',
    file: 'openmeter.openapi.yaml',
    contentType: 'application/yaml; charset=utf-8',
  },
];

/** Serves both documents and a page to read and try them: `/docs`, with nothing loaded from elsewhere. */
export function registerDocs(fastify: FastifyInstance): void {
  for (const { path, file, contentType } of documentRoutes)
    fastify.get(path, (_request, reply) =>
      reply.type(contentType).send(createReadStream(join(documents, file))),
    );
  const known = assets();
  const answer = (reply: FastifyReply, requestId: string, name: string): FastifyReply => {
    const asset = known.get(name);
    if (asset === undefined)
      return reply
        .code(404)
        .type(problemMedia)
        .send(JSON.stringify(problemOf(404, requestId)));
    return reply
      .header('content-security-policy', contentSecurityPolicy)
      .header('x-content-type-options', 'nosniff')
      .type(asset.contentType)
      .send(asset.open());
  };
  for (const path of ['/docs', '/docs/'])
    fastify.get(path, (request, reply) => answer(reply, request.id, 'index.html'));
  fastify.get<{ Params: { readonly '*': string } }>('/docs/*', (request, reply) =>
    answer(reply, request.id, request.params['*']),
  );
}
