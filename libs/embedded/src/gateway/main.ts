import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOOPBACK } from '../ports.js';
import { Engine } from './chdb.js';
import { LIMITS } from './limits.js';
import { createGateway } from './server.js';
import { Slots } from './slots.js';
import { openStaging } from './staging.js';

// The gateway's own process: node gateway/main.js --data DIR --port N [--max-queries N] [--memory-mb N]
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string' },
    'max-queries': { type: 'string', default: String(LIMITS.runningQueries) },
    'memory-mb': { type: 'string', default: String(LIMITS.memoryMb) },
  },
});
if (values.data === undefined || values.port === undefined) {
  throw new Error('usage: main.js --data DIR --port N [--max-queries N] [--memory-mb N]');
}

// Relative names in SQL start here: a directory with nothing in it.
const nowhere = join(values.data, 'nowhere');
mkdirSync(nowhere, { recursive: true, mode: 0o700 });
process.chdir(nowhere);

const staging = await openStaging(values.data);
const engine = await Engine.open(values.data, Number(values['memory-mb']));
const slots = new Slots({
  running: Number(values['max-queries']),
  waiting: LIMITS.waitingQueries,
  waitMs: LIMITS.waitMs,
});
const server = createGateway({ engine, slots, staging });
server.listen(Number(values.port), LOOPBACK, () => {
  process.stdout.write(`ClickHouse ${engine.version} answers on ${LOOPBACK}:${values.port ?? ''}\n`);
});

let draining = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, drain);

/** Takes no new connection, lets running statements end, then closes the engine. */
function drain(): void {
  if (draining) return;
  draining = true;
  const late = setTimeout(() => process.exit(1), LIMITS.drainMs);
  late.unref();
  server.close(() => {
    engine.close();
    rmSync(staging, { recursive: true, force: true });
    process.exit(0);
  });
  // A connection whose reply is just going out becomes idle a moment later and would be kept alive for seconds.
  setInterval(() => server.closeIdleConnections(), 50).unref();
}
