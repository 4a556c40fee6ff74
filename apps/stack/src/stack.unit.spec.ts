import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EngineExit, RunningEngine } from '@ledgerline/embedded';
import { eventually } from '@ledgerline/testkit';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimDataDir, resetDataDir } from './data-dir.js';
import { planInstance, serviceEnv } from './plan-instance.js';
import { type Program, stoppedIn } from './programs.js';
import { ArgumentError, readArguments } from './read-arguments.js';
import { Supervisor } from './supervisor.js';

describe('arguments', () => {
  it('reads what is given and leaves the rest to configuration', () => {
    expect(readArguments(['start', '--port', '9100', '--data', 'd', '--only', 'ingest, sink'])).toEqual({
      command: 'start',
      port: 9100,
      dataDir: 'd',
      only: ['ingest', 'sink'],
      help: false,
    });
    expect(readArguments([])).toEqual({ command: 'start', help: false });
  });

  it.each([
    [['begin']],
    [['start', '--prot', '1']],
    [['start', '--port', '70000']],
    [['start', '--port', 'x']],
  ])('refuses %j', (argv) => {
    expect(() => readArguments(argv)).toThrow(ArgumentError);
  });
});

describe('the plan of an instance', () => {
  it('brings the engines along whose addresses were left alone', () => {
    const env = { LEDGERLINE_REDIS_URL: 'redis://10.0.0.1:6379' };
    const instance = planInstance({ command: 'start', port: 9100, help: false }, env);
    expect(instance.localEngines).toEqual(['kafka', 'clickhouse', 'postgres']);
    expect(instance.config.ingest.port).toBe(9101);
    const urls = new Map([['postgres', 'postgres://u:p@127.0.0.1:9106/x']] as const);
    expect(serviceEnv(instance, urls, env)).toMatchObject({
      LEDGERLINE_POSTGRES_URL: 'postgres://u:p@127.0.0.1:9106/x',
      LEDGERLINE_REDIS_URL: 'redis://10.0.0.1:6379',
      LEDGERLINE_INSTANCE_PORT: '9100',
    });
  });

  it('prefers the command line to the environment', () => {
    const env = { LEDGERLINE_INSTANCE_PORT: '9200' };
    expect(planInstance({ command: 'start', port: 9100, help: false }, env).port).toBe(9100);
    expect(planInstance({ command: 'start', help: false }, env).port).toBe(9200);
  });
});

describe('the data directory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'stack-'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('is found again, and wiped by a reset', async () => {
    await (await claimDataDir(dir)).release();
    await (await claimDataDir(dir)).release();
    expect(await readdir(dir)).toContain('ledgerline-data.json');
    expect(await resetDataDir(dir)).toBe('removed');
    expect(await resetDataDir(dir)).toBe('nothing there');
  });

  it('of a newer version is refused', async () => {
    await writeFile(join(dir, 'ledgerline-data.json'), '{"layout":2}');
    await expect(claimDataDir(dir)).rejects.toThrow('newer version');
  });

  it('of something else is neither used nor wiped', async () => {
    await writeFile(join(dir, 'thesis.doc'), 'x');
    await expect(claimDataDir(dir)).rejects.toThrow('holds no Ledgerline data');
    await expect(resetDataDir(dir)).rejects.toThrow('nothing was removed');
    expect(await readdir(dir)).toContain('thesis.doc');
  });

  it('in use is not wiped', async () => {
    await (await claimDataDir(dir)).release();
    await writeFile(join(dir, 'supervisor.json'), JSON.stringify({ pid: process.ppid }));
    await expect(resetDataDir(dir)).rejects.toThrow('in use');
    await expect(claimDataDir(dir)).rejects.toThrow('in use');
  });
});

/** A program whose processes end when the test says so. */
class Puppet implements Program {
  readonly name = 'puppet';
  starts = 0;
  stops = 0;
  /** What it says while it runs and does nothing. */
  stopped: string | undefined;
  private end: (exit: EngineExit) => void = () => undefined;

  constructor(readonly logFile: string) {}

  start(): Promise<RunningEngine> {
    this.starts += 1;
    const exited = new Promise<EngineExit>((resolve) => (this.end = resolve));
    const stop = (): Promise<void> => {
      this.stops += 1;
      this.end({ code: 0, signal: null });
      return Promise.resolve();
    };
    return Promise.resolve({ name: this.name, url: 'puppet://', pid: 1, exited, stop });
  }

  stoppedReason(): Promise<string | undefined> {
    return Promise.resolve(this.stopped);
  }

  async die(): Promise<void> {
    const before = this.starts;
    this.end({ code: null, signal: 'SIGKILL' });
    // The supervisor reacts in microtasks; a macrotask later it has.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.starts === before) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a readiness body', () => {
  it('is taken for final when a check says that it stopped, and only then', () => {
    const body = (reason: string): string =>
      JSON.stringify({ checks: [{ ok: true }, { ok: false, reason }] });
    expect(stoppedIn(body('stopped: a gap'))).toBe('stopped: a gap');
    expect(stoppedIn(body('trying again: stopped: a gap'))).toBeUndefined();
    expect(['', '<html>', 'null', '{}', '{"checks":5}'].map(stoppedIn)).toEqual(Array(5).fill(undefined));
  });
});

describe('the supervisor', () => {
  let dir: string;
  let puppet: Puppet;
  let said: string[];
  let given: string[];
  let supervisor: Supervisor;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'stack-'));
    await writeFile(join(dir, 'puppet.log'), 'the last words\n');
    puppet = new Puppet(join(dir, 'puppet.log'));
    [said, given] = [[], []];
    supervisor = new Supervisor({ say: (line) => said.push(line), giveUp: (line) => given.push(line) });
    await supervisor.startAll([puppet]);
  });
  afterEach(async () => {
    await supervisor.stopAll([[puppet]]);
    await rm(dir, { recursive: true, force: true });
  });

  it('starts again what ends by itself, and says so', async () => {
    await puppet.die();
    expect(puppet.starts).toBe(2);
    expect(said.join('\n')).toContain('puppet ended (SIGKILL); starting it again');
    expect(given).toEqual([]);
  });

  it('gives up after five times within five minutes, with the last words of the log', async () => {
    for (let death = 0; death < 6; death += 1) await puppet.die();
    while (given.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(puppet.starts).toBe(6);
    expect(given).toHaveLength(1);
    expect(given[0]).toContain('the last words');
  });

  it('says once why a program runs and does nothing', async () => {
    puppet.stopped = 'stopped: the topic is not the one that was stored';
    await eventually(() => said.some((line) => line.includes('the topic is not the one')), {
      what: 'the reason',
    });
    await supervisor.stopAll([[puppet]]);
    expect(said.filter((line) => line.includes('stopped: '))).toEqual([
      expect.stringContaining(`Its log: ${puppet.logFile}`),
    ]);
  });

  it('does not start again what it stops itself', async () => {
    await supervisor.stopAll([[puppet]]);
    await new Promise((resolve) => setImmediate(resolve));
    expect([puppet.starts, puppet.stops]).toEqual([1, 1]);
  });
});
