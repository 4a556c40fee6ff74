import { ConfigError, loadConfig } from '@ledgerline/platform/config';
import { createLogger } from '@ledgerline/platform/telemetry';
import { openReadings } from './open-readings.js';
import { startSink } from './start-sink.js';

// A batch under way takes well under a second; what is not stored by then is read again after the next start.
const shutdownMaxMs = 9_000;

function fail(error: unknown): never {
  const text =
    error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text ?? ''}\n`);
  process.exit(1);
}

try {
  const config = loadConfig({ env: process.env });
  const logger = createLogger({ service: 'sink', level: config.telemetry.logLevel });
  const running = await startSink(config, logger, openReadings);
  const stop = (): void => {
    setTimeout(() => {
      logger.warn('an insert was still under way: its outcome is read from the table at the next start');
      process.exit(0);
    }, shutdownMaxMs).unref();
    running.close().then(() => process.exit(0), fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  fail(error);
}
