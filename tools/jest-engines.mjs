// Jest globalSetup of the projects int and e2e: compiles, starts one set of engines and tells the specs where they are.
// Engines named by the environment already (a developer's own, or those of the other project) are used as they are.
import { build } from './build.mjs';

export default async function setUp() {
  const { ENGINES_VARIABLE, startEngines } = await compiled();
  if (process.env[ENGINES_VARIABLE] !== undefined) return;
  const engines = await startEngines();
  const { kafkaBrokers, clickhouseUrl, postgresUrl, redisUrl } = engines;
  process.env[ENGINES_VARIABLE] = JSON.stringify({ kafkaBrokers, clickhouseUrl, postgresUrl, redisUrl });
  globalThis.ledgerlineTestEngines = engines;
}

async function compiled() {
  // Built before it is imported: on a fresh clone there is no dist/ yet.
  await build();
  return import('../libs/testkit/dist/index.js');
}
