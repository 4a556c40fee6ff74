import { Refused } from '@ledgerline/kernel';
import { type Config, ConfigError, loadConfig } from '@ledgerline/platform/config';
import { MigrationError } from '@ledgerline/platform/postgres';
import { inspect } from 'node:util';

/** Something that runs until it is told to stop. */
export interface Running {
  close(): Promise<void>;
}

// Requests and jobs get this long to finish; a supervisor usually kills after thirty seconds.
const shutdownMaxMs = 25_000;

/** Loads the configuration, starts, and closes once on SIGTERM or SIGINT. A failure to start is one clear line. */
export async function runMain(start: (config: Config) => Promise<Running>): Promise<void> {
  let running: Running;
  try {
    running = await start(loadConfig({ env: process.env }));
  } catch (error) {
    explain(error);
    process.exit(1);
  }
  let closing = false;
  const stop = (): void => {
    if (closing) return;
    closing = true;
    const timer = setTimeout(() => {
      say(`still busy ${shutdownMaxMs} ms after the signal; giving up`);
      process.exit(1);
    }, shutdownMaxMs);
    running.close().then(
      () => {
        clearTimeout(timer);
        process.exit(0);
      },
      (error: unknown) => {
        explain(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** One line for what a person can correct, the stack for what is our fault. */
export function explain(error: unknown): void {
  // Refused: the meters that the configuration declares.
  const isTheirs = [ConfigError, MigrationError, Refused].some((kind) => error instanceof kind);
  say(isTheirs && error instanceof Error ? error.message : inspect(error));
}
