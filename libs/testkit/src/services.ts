import { reasonOf, repositoryRoot, tail, type EngineExit } from '@ledgerline/embedded';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A compiled service of ours in a process of its own. */
export interface RunningService {
  readonly pid: number;
  readonly exited: Promise<EngineExit>;
  /** SIGTERM, then SIGKILL after the grace; returns when the process is gone. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>;
  /** For SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void;
}

export interface ServiceOptions {
  /** Path of the compiled entry in the repository: `apps/ingest/dist/main.js`. */
  readonly entry: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Answers 2xx once the service really works; without it the service counts as ready at once. */
  readonly readyUrl?: string;
  readonly deadlineMs?: number;
}

const READY_DEADLINE_MS = 30_000;
const STOP_GRACE_MS = 15_000;
const PROBE_TIMEOUT_MS = 2_000;
const PROBE_PAUSE_MS = 50;

/** Starts a service and waits until it is ready. Errors: with the last lines of its log; the process is gone then. */
export async function spawnService(options: ServiceOptions): Promise<RunningService> {
  await mkdir(dirname(options.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(repositoryRoot, options.entry), ...(options.args ?? [])],
    {
      cwd: repositoryRoot,
      // The test runner's flags are not meant for the service.
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', log, log],
    },
  );
  closeSync(log);
  const exited = new Promise<EngineExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.entry} could not be started`);
  const service: RunningService = {
    pid,
    exited,
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async (graceMs = STOP_GRACE_MS) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
  try {
    await untilReady(options, exited);
  } catch (thrown) {
    await service.kill();
    throw thrown;
  }
  return service;
}

async function untilReady(options: ServiceOptions, exited: Promise<EngineExit>): Promise<void> {
  if (options.readyUrl === undefined) return;
  const deadlineMs = options.deadlineMs ?? READY_DEADLINE_MS;
  const deadline = performance.now() + deadlineMs;
  let exit: EngineExit | undefined;
  void exited.then((end) => (exit = end));
  let last = 'nothing';
  while (performance.now() < deadline) {
    if (exit !== undefined) {
      const how = exit.signal ?? `code ${exit.code ?? '?'}`;
      throw new Error(`${options.entry} ended while starting (${how}): ${await tail(options.logFile)}`);
    }
    try {
      const reply = await fetch(options.readyUrl, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      last = `${reply.status} ${(await reply.text()).slice(0, 500)}`;
      if (reply.ok) return;
    } catch (thrown) {
      last = reasonOf(thrown);
    }
    await delay(PROBE_PAUSE_MS);
  }
  throw new Error(
    `${options.entry} was not ready within ${deadlineMs / 1000} s; last answer: ${last}; log: ${await tail(options.logFile)}`,
  );
}
