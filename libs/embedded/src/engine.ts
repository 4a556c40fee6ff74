import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineFault, reasonOf } from './fault.js';
import { claimDataDir } from './claim.js';
import { privateDir } from './paths.js';
import { requirePort } from './ports.js';
import { endProcess } from './processes.js';

/** How a process ended; exactly one of the two is set. */
export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An engine in its own process that has answered a real query. */
export interface RunningEngine {
  readonly name: string;
  /** What a client connects to, credentials included. */
  readonly url: string;
  readonly pid: number;
  /** Ends the process (SIGTERM, later SIGKILL) and returns when it is gone. Calling it again is harmless. */
  stop(): Promise<void>;
  /** Settles when the process ends, however it ends; never rejects. */
  readonly exited: Promise<EngineExit>;
}

/** What every launcher needs to know. */
export interface EngineOptions {
  /** Owned by this engine alone; survives a SIGKILL and is found again by the next start. */
  readonly dataDir: string;
  readonly port: number;
  /** Everything the engine prints is appended here. */
  readonly logFile: string;
  /** How long a start may take before it counts as failed; a recovery after a crash is part of it. */
  readonly startDeadlineMs?: number;
  /** Gives a start up that nobody waits for any more; what is running already is not touched. */
  readonly signal?: AbortSignal;
}

export interface EngineProgram {
  readonly name: string;
  readonly url: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Further ports the engine binds besides `options.port`. */
  readonly morePorts?: readonly number[];
  /** Resolves once a real query was answered; a throw means "not yet", an EngineFault "never". */
  readonly probe: () => Promise<void>;
  /** What ends it politely: Postgres wants SIGINT (fast shutdown), the others SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

/** A minute covers replaying the log of a crashed engine on two busy cores. */
const START_DEADLINE_MS = 60_000;
/** Longer than Kafka's controlled shutdown and the gateway's drain. */
const STOP_GRACE_MS = 20_000;
const PROBE_PAUSE_MS = 50;
const LOG_TAIL_BYTES = 4_096;

/**
 * Starts one engine process and returns when it really answers.
 * Errors: EngineFault, one line saying what to do; the process is gone by then.
 */
export async function launch(program: EngineProgram, options: EngineOptions): Promise<RunningEngine> {
  await privateDir(options.dataDir);
  await privateDir(dirname(options.logFile));
  const claim = await claimDataDir(program.name, options.dataDir);
  for (const port of [options.port, ...(program.morePorts ?? [])]) await requirePort(program.name, port);

  const child = spawnLogged(program, options.logFile);
  const exited = exitOf(child);
  // Registered before anything is awaited: a missing program must not crash the supervisor.
  const pid = child.pid;
  if (pid === undefined) {
    throw new EngineFault(program.name, `${program.command} could not be started (is it installed?)`);
  }
  const endWatchdog = watchOver(pid);
  await claim.record(pid, program.args);
  void exited.then(async () => {
    endWatchdog();
    await claim.release();
  });

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= endGently(child, exited, program.stopSignal ?? 'SIGTERM'));
  try {
    await untilReady(program, options, exited);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { name: program.name, url: program.url, pid, stop, exited };
}

function spawnLogged(program: EngineProgram, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(program.command, program.args, {
      cwd: program.cwd,
      env: program.env ?? process.env,
      ...(program.uid === undefined ? {} : { uid: program.uid, gid: program.gid }),
      stdio: ['ignore', log, log],
      // Its own process group: Ctrl-C belongs to the supervisor, which stops engines after services.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function exitOf(child: ChildProcess): Promise<EngineExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // A spawn that failed has no exit; the caller sees the missing pid and says so.
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
}

/**
 * A few lines of shell that outlive us: when this process dies, by SIGKILL too, its end of the pipe closes,
 * `read` returns and the engine is asked, then made, to end.
 */
function watchOver(pid: number): () => void {
  const script = [
    'read -r _',
    'kill -TERM "$1" || exit 0',
    'n=0; while kill -0 "$1" && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done',
    'kill -KILL "$1"',
  ].join('\n');
  const watchdog = spawn('/bin/sh', ['-c', script, 'ledgerline-watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a watchdog an orphan is still found by the next start through its claim file.
  watchdog.once('error', () => undefined);
  watchdog.unref();
  // Neither may keep this process running: the watchdog is there for when it is gone.
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return () => watchdog.kill('SIGKILL');
}

async function untilReady(
  program: EngineProgram,
  options: EngineOptions,
  exited: Promise<EngineExit>,
): Promise<void> {
  const deadlineMs = options.startDeadlineMs ?? START_DEADLINE_MS;
  const deadline = performance.now() + deadlineMs;
  let exit: EngineExit | undefined;
  void exited.then((end) => (exit = end));
  let lastReason = 'it was never asked';
  while (performance.now() < deadline) {
    if (options.signal?.aborted === true) throw new EngineFault(program.name, 'its start was given up');
    if (exit !== undefined) {
      const how = exit.signal ?? `code ${exit.code ?? '?'}`;
      throw new EngineFault(
        program.name,
        `ended while starting (${how}); see ${options.logFile}. Last lines: ${await tail(options.logFile)}`,
      );
    }
    try {
      await program.probe();
      return;
    } catch (thrown) {
      if (thrown instanceof EngineFault) throw thrown;
      lastReason = reasonOf(thrown);
    }
    await delay(PROBE_PAUSE_MS);
  }
  throw new EngineFault(
    program.name,
    `did not answer within ${deadlineMs / 1000} s (${lastReason}); see ${options.logFile}. Last lines: ${await tail(options.logFile)}`,
  );
}

/** The end of a log on one line. */
export async function tail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, LOG_TAIL_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString('utf8').trim().split('\n');
    return lines.slice(-6).join(' | ') || '(the log is empty)';
  } finally {
    await file.close();
  }
}

async function endGently(
  child: ChildProcess,
  exited: Promise<EngineExit>,
  stopSignal: NodeJS.Signals,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(stopSignal);
  const grace = new AbortController();
  const late = delay(STOP_GRACE_MS, 'late' as const, { signal: grace.signal }).catch(() => 'done' as const);
  const outcome = await Promise.race([exited.then(() => 'gone' as const), late]);
  grace.abort();
  if (outcome === 'late' && child.pid !== undefined) await endProcess(child.pid, 0);
  await exited;
}
