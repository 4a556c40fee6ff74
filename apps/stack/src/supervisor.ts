import { EngineFault, type EngineExit, reasonOf, type RunningEngine, tail } from '@ledgerline/embedded';
import type { Program } from './programs.js';

// A program that ends more often than this is broken in a way that starting it again does not mend.
const restartsMax = 5;
const restartWindowMs = 5 * 60_000;
// How late a person learns that a program stopped working without ending.
const lookEveryMs = 2_000;

export interface SupervisorEvents {
  /** One line for the person at the terminal. */
  readonly say: (line: string) => void;
  /** Something cannot be kept running; the instance should stop. */
  readonly giveUp: (line: string) => void;
}

/** Starts programs, starts those again that end by themselves, and stops all in the reverse order. */
export class Supervisor {
  private readonly running = new Map<string, RunningEngine>();
  private readonly restarts = new Map<string, number[]>();
  /** The reason already told, by program. */
  private readonly told = new Map<string, string>();
  private looking: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(private readonly events: SupervisorEvents) {}

  /** Starts programs side by side; returns when all are ready. Errors: the first EngineFault. */
  async startAll(programs: readonly Program[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      programs.map(async (program) => {
        const startedAt = performance.now();
        await this.start(program);
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        this.events.say(`  ✓ ${program.name.padEnd(20)} ${seconds.padStart(5)} s`);
      }),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (programs.some((program) => program.stoppedReason !== undefined)) this.lookAfter(programs);
  }

  urlOf(program: Program): string {
    const engine = this.running.get(program.name);
    if (engine === undefined) throw new EngineFault(program.name, 'is not running');
    return engine.url;
  }

  /** Stops in the order given, side by side within a group, so that nobody loses what they write to. */
  async stopAll(groups: readonly (readonly Program[])[]): Promise<void> {
    this.stopping = true;
    clearInterval(this.looking);
    for (const group of groups) {
      await Promise.all(
        group.map(async (program) => {
          const engine = this.running.get(program.name);
          if (engine === undefined) return;
          await engine.stop();
          this.running.delete(program.name);
        }),
      );
    }
  }

  private async start(program: Program): Promise<void> {
    const engine = await program.start();
    if (this.stopping) {
      await engine.stop();
      return;
    }
    this.running.set(program.name, engine);
    void engine.exited.then((exit) => this.onExit(program, engine, exit));
  }

  /** Something that stopped on purpose keeps running, so that its readiness can say why; here it is said aloud. */
  private lookAfter(programs: readonly Program[]): void {
    clearInterval(this.looking);
    this.looking = setInterval(() => {
      for (const program of programs) void this.look(program);
    }, lookEveryMs);
    this.looking.unref();
  }

  private async look(program: Program): Promise<void> {
    const reason = await program.stoppedReason?.();
    if (this.stopping || reason === this.told.get(program.name)) return;
    if (reason === undefined) {
      this.told.delete(program.name);
      return;
    }
    this.told.set(program.name, reason);
    this.events.say(`${program.name} ${reason}. Its log: ${program.logFile}`);
  }

  private async onExit(program: Program, engine: RunningEngine, exit: EngineExit): Promise<void> {
    if (this.stopping || this.running.get(program.name) !== engine) return;
    this.running.delete(program.name);
    const how = exit.signal ?? `code ${exit.code ?? '?'}`;
    const now = performance.now();
    const recent = (this.restarts.get(program.name) ?? []).filter((at) => now - at < restartWindowMs);
    if (recent.length >= restartsMax) {
      this.events.giveUp(
        `${program.name} ended again (${how}), ${restartsMax + 1} times within five minutes; see ${program.logFile}. Last lines: ${await tail(program.logFile)}`,
      );
      return;
    }
    this.restarts.set(program.name, [...recent, now]);
    this.events.say(`${program.name} ended (${how}); starting it again. Its log: ${program.logFile}`);
    try {
      await this.start(program);
      this.events.say(`${program.name} is back after ${((performance.now() - now) / 1000).toFixed(1)} s`);
    } catch (error) {
      this.events.giveUp(error instanceof EngineFault ? error.message : reasonOf(error));
    }
  }
}
