import { ConfigError, loadConfig } from '@ledgerline/platform/config';
import { startIngest } from './start-ingest.js';

/** Longer than the lanes take to drain; a supervisor usually kills after thirty seconds. */
const SHUTDOWN_MAX_MS = 20_000;

const explain = (error: unknown): void => {
  const text =
    error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text ?? ''}\n`);
};

const fail = (error: unknown): never => {
  explain(error);
  process.exit(1);
};

try {
  const running = await startIngest(loadConfig({ env: process.env }));
  const stop = (): void => {
    setTimeout(() => fail(new Error(`still busy ${SHUTDOWN_MAX_MS} ms after the signal`)), SHUTDOWN_MAX_MS);
    running.close().then(() => process.exit(0), fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  fail(error);
}
