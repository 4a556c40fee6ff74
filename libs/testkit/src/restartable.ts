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
  /** Stops it for good: whoever would start it once more is refused. */
  end(): Promise<void>;
  /** SIGSTOP: it keeps its connections and does nothing. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

type Process = Pick<RunningEngine | RunningService, 'pid' | 'exited'> & { stop(): Promise<void> };

/** Made of whatever starts the process; a frozen one is thawed before it is asked to end. */
export function restartable(launch: () => Promise<Process>): Restartable {
  let running: Process | undefined;
  let starting: Promise<void> | undefined;
  let isFrozen = false;
  let isEnded = false;
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (running === undefined) return;
    process.kill(running.pid, name);
    isFrozen = name === 'SIGSTOP';
  };
  const begin = async (): Promise<void> => {
    const started = await launch();
    running = started;
    // One that ended by itself must not be signalled any more: its id may be another's by then.
    void started.exited.then(() => {
      if (running === started) running = undefined;
      isFrozen = false;
    });
  };
  /** Whoever starts it hears why it did not start. */
  const untilStarted = async (): Promise<void> => {
    await Promise.allSettled([starting]);
  };
  const stop = async (): Promise<void> => {
    await untilStarted();
    if (isFrozen) signal('SIGCONT');
    const victim = running;
    await victim?.stop();
    if (running === victim) running = undefined;
  };
  return {
    get pid() {
      return running?.pid;
    },
    start: async () => {
      if (isEnded) throw new Error('it was ended for good');
      if (running !== undefined || starting !== undefined) throw new Error('it runs already');
      starting = begin().finally(() => (starting = undefined));
      await starting;
    },
    kill: async () => {
      await untilStarted();
      const victim = running;
      if (victim === undefined) return;
      process.kill(victim.pid, 'SIGKILL');
      await victim.exited;
      if (running === victim) running = undefined;
      isFrozen = false;
    },
    stop,
    end: async () => {
      isEnded = true;
      await stop();
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}
