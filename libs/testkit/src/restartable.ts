import type { RunningEngine } from '@ledgerline/embedded';
import type { RunningService } from './services.js';

/** A process of a run that is killed, frozen and brought back. Only ever signals the process it started itself. */
export interface Restartable {
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and insists after a while. */
  stop(): Promise<void>;
  /** SIGSTOP: it keeps its connections and does nothing. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

type Process = Pick<RunningEngine | RunningService, 'pid' | 'exited'> & { stop(): Promise<void> };

/** Made of whatever starts the process; a frozen one is thawed before it is asked to end. */
export function restartable(launch: () => Promise<Process>): Restartable {
  let running: Process | undefined;
  let isFrozen = false;
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (running === undefined) return;
    process.kill(running.pid, name);
    isFrozen = name === 'SIGSTOP';
  };
  return {
    get pid() {
      return running?.pid;
    },
    start: async () => {
      if (running !== undefined) throw new Error('it runs already');
      const started = await launch();
      running = started;
      // One that ended by itself must not be signalled any more: its id may be another's by then.
      void started.exited.then(() => {
        if (running === started) running = undefined;
        isFrozen = false;
      });
    },
    kill: async () => {
      const victim = running;
      if (victim === undefined) return;
      process.kill(victim.pid, 'SIGKILL');
      await victim.exited;
      if (running === victim) running = undefined;
      isFrozen = false;
    },
    stop: async () => {
      if (isFrozen) signal('SIGCONT');
      const victim = running;
      await victim?.stop();
      if (running === victim) running = undefined;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}
