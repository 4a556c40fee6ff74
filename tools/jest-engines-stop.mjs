// Jest globalTeardown of the projects int and e2e: ends the engines this run started.
export default async function tearDown() {
  const engines = globalThis.ledgerlineTestEngines;
  globalThis.ledgerlineTestEngines = undefined;
  await engines?.stop();
}
