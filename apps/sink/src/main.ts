import { runMain } from '@ledgerline/platform/main';
import { createLogger } from '@ledgerline/platform/telemetry';
import { openReadings } from './open-readings.js';
import { startSink } from './start-sink.js';

await runMain(
  (config) =>
    startSink(config, createLogger({ service: 'sink', level: config.telemetry.logLevel }), openReadings),
  {
    // A batch under way takes well under a second; what is not stored by then is read again after the next start.
    shutdownMaxMs: 9_000,
    cutOff: 'an insert was still under way: its outcome is read from the table at the next start',
  },
);
