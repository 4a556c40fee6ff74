import { Refused } from '@ledgerline/kernel';
import { inspect } from 'node:util';
import { type Config } from '../config/schema.js';
import { loadConfig } from '../config/load-config.js';
import { PlainError } from '../plain-error.js';

/** Something that runs until it is told to stop. */
export interface Running {
  close(): Promise<void>;
}

export interface MainOptions {
  /** How long closing may take; a supervisor usually kills after thirty seconds. */
  readonly shutdownMaxMs?: number;
  /** For a service that loses nothing by being cut off: it ends well when the time is up, and says this. */
  readonly cutOff?: string;
}

// Requests and jobs get this long to finish.
const usualShutdownMaxMs = 25_000;

/** Loads the configuration, starts, and closes once on SIGTERM or SIGINT. A failure to start is one clear line. */
export async function runMain(
  start: (config: Config) => Promise<Running>,
  { shutdownMaxMs = usualShutdownMaxMs, cutOff }: MainOptions = {},
): Promise<void> {
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
      say(cutOff ?? `still busy ${shutdownMaxMs} ms after the signal; giving up`);
      process.exit(cutOff === undefined ? 1 : 0);
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
  const isTheirs = [PlainError, Refused].some((kind) => error instanceof kind);
  say(isTheirs && error instanceof Error ? error.message : inspect(error));
}
