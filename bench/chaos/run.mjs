// One run: start, break, heal, check, again; then count everything once more and tell.
import { seeded } from '@ledgerline/testkit';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createMeters } from '../measure/meters.mjs';
import { Cleanup } from '../lib/world.mjs';
import { Disks } from './disks.mjs';
import { Driver } from './driver.mjs';
import { allFaults } from './faults.mjs';
import { Instance } from './instance.mjs';
import { check, compareWithLog } from './invariants.mjs';
import { Sometimes } from './sometimes.mjs';
import { meters } from './usage.mjs';

const frozen = { longMs: 30_000, shortMs: 10_000 }; // ingest gives a record up after 8 s
const down = { longMs: 60_000, shortMs: 4_000 };

export class Run {
  #options;
  #cleanup = new Cleanup();
  #sometimes = new Sometimes();
  #outcomes = [];
  #findings = [];
  #startedMs = performance.now();

  constructor(options) {
    this.#options = options;
  }

  /** Ends everything that was started; called twice it waits for the first. */
  end() {
    return this.#cleanup.run();
  }

  /** True when every invariant held. */
  async execute() {
    const { seed, isNaive } = this.#options;
    const random = seeded(seed);
    const faults = this.#choose(random);
    this.#say(`seed ${seed}; ${faults.map(({ id }) => id).join(' ')}${isNaive ? '; naive store' : ''}`);
    const world = await this.#open(random, faults);
    await this.#breakAndCheck(world, faults, random);
    await this.#conclude(world);
    return this.#findings.length === 0;
  }

  /** In an order of the seed's. */
  #choose(random) {
    const { faults: wanted } = this.#options;
    const chosen = allFaults.filter(({ id }) => wanted === undefined || wanted.includes(id));
    return chosen
      .map((fault) => ({ fault, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ fault }) => fault);
  }

  async #open(random, faults) {
    const dir = await mkdtemp(join(tmpdir(), 'ledgerline-chaos-'));
    this.#cleanup.add(async () => {
      // A naive store is expected to fail; nobody needs to look why.
      if (this.#findings.length > 0 && !this.#options.isNaive)
        this.#say(`logs are kept in ${join(dir, 'logs')}`);
      else await rm(dir, { recursive: true, force: true });
    });
    const disks = new Disks(dir);
    this.#cleanup.add(() => disks.unmount());
    const diskTrouble = faults.some(({ id }) => id === 'F13') ? await disks.mount() : 'not asked for';
    await mkdir(join(dir, 'logs'), { recursive: true });
    const { isNaive } = this.#options;
    const instance = await Instance.find({ dir, naive: isNaive, diskOf: (name) => disks.of(name) });
    this.#cleanup.add(() => instance.stop());
    const startedAtMs = Date.now();
    await instance.start();
    await createMeters(instance.apiUrl, meters);
    const driver = new Driver({
      urls: [instance.ingestUrl, instance.doorUrl],
      random,
      run: `seed${this.#options.seed}`,
      sometimes: this.#sometimes,
      laterMs: Math.min(120_000, (this.#options.minutes * 60_000) / 3),
    });
    this.#cleanup.add(() => driver.end());
    driver.start();
    this.#say('the instance runs and events arrive');
    return { instance, driver, startedAtMs, disks, diskTrouble, random };
  }

  async #breakAndCheck(world, faults, random) {
    const { isShort, isNaive, minutes } = this.#options;
    const untilMs = performance.now() + minutes * 60_000;
    // Every fault once, whatever it takes; then again while there is time.
    for (let round = 1; round === 1 || performance.now() < untilMs; round += 1) {
      for (const fault of faults) {
        if (round > 1 && performance.now() >= untilMs) return;
        const kills = [];
        world.driver.resume();
        const context = {
          ...world,
          random,
          kills,
          isNaive,
          isLong: !isShort,
          sometimes: this.#sometimes,
          freezeMs: isShort ? frozen.shortMs : frozen.longMs,
          downMs: isShort ? down.shortMs : down.longMs,
        };
        await this.#one(fault, context, world);
        // What is wrong stays wrong: later findings would hide which fault it was.
        if (this.#findings.length > 0) return;
      }
    }
  }

  async #one(fault, context, world) {
    const beganMs = performance.now();
    let result;
    try {
      result = await fault.inject(context);
    } catch (error) {
      result = { reached: false, note: error.message };
      this.#findings.push(`${fault.id}: ${error.stack}`);
    }
    const { findings, quietAfterMs } =
      result.skipped === undefined ? await check(world) : { findings: [], quietAfterMs: 0 };
    this.#findings.push(...findings.map((finding) => `after ${fault.id}: ${finding}`));
    const seconds = (performance.now() - beganMs) / 1000;
    this.#outcomes.push({
      fault,
      ...result,
      kills: context.kills,
      seconds,
      quietAfterMs,
      broke: findings.length,
    });
    const word =
      findings.length > 0
        ? 'BROKEN'
        : (result.skipped && 'skipped') || (result.reached ? 'held' : 'not reached');
    this.#say(
      `${fault.id.padEnd(5)} ${word}, quiet after ${(quietAfterMs / 1000).toFixed(1)} s: ${result.skipped ?? result.note}`,
    );
  }

  async #conclude(world) {
    const { instance, driver } = world;
    let delivered = 0;
    if (this.#findings.length === 0) {
      const log = await compareWithLog(instance);
      ({ delivered } = log);
      this.#findings.push(...log.findings);
      const rows = await instance.rows(
        `SELECT toString(status) AS status, toUInt32(count()) AS n FROM events GROUP BY status`,
      );
      const of = (status) => rows.find((row) => row.status === status)?.n ?? 0;
      this.#sometimes.set('duplicate dropped', of('duplicate'));
      this.#sometimes.set('unreadable record kept as a row', of('invalid'));
    }
    await this.#sometimes.readLogs(instance.logDir);
    this.#print(driver, delivered);
    await this.#write(driver, delivered);
  }

  #print(driver, delivered) {
    const { seed } = this.#options;
    const lines = [`\nseed ${seed}, ${((performance.now() - this.#startedMs) / 1000).toFixed(0)} s`];
    lines.push('\nfault  outcome      seconds  quiet after  what happened');
    for (const { fault, skipped, reached, note, seconds, quietAfterMs, broke } of this.#outcomes) {
      const word =
        broke > 0 ? 'BROKEN' : skipped !== undefined ? 'skipped' : reached ? 'held' : 'not reached';
      const told = skipped ?? `${reached ? '' : `STATE NOT REACHED (${fault.state}); `}${note}`;
      lines.push(
        `${fault.id.padEnd(6)} ${word.padEnd(12)} ${seconds.toFixed(1).padStart(7)}  ${`${(quietAfterMs / 1000).toFixed(1)} s`.padStart(11)}  ${fault.title}: ${told}`,
      );
    }
    lines.push(`\nkill list: ${this.#outcomes.flatMap(({ kills }) => kills).join(', ')}`);
    lines.push('\nsometimes (a state with 0 was not reached in this run)');
    for (const [state, count] of this.#sometimes.entries())
      lines.push(`${String(count).padStart(8)}  ${state}`);
    const { counts } = driver;
    lines.push(
      `\ndriver: ${Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}; ${driver.expected.size} events acknowledged, ${delivered} delivered by Kafka`,
    );
    lines.push(
      this.#findings.length === 0
        ? '\nI1 I2 I3 I4 I5 I11 I12 held after every fault'
        : `\n${this.#findings.length} findings:\n${this.#findings.join('\n')}`,
    );
    console.log(lines.join('\n'));
  }

  async #write(driver, delivered) {
    const { seed, report } = this.#options;
    const outcomes = this.#outcomes.map(({ fault: { id, title, state }, ...outcome }) => ({
      id,
      title,
      state,
      ...outcome,
    }));
    const text = JSON.stringify(
      {
        seed,
        outcomes,
        sometimes: Object.fromEntries(this.#sometimes.entries()),
        driver: { ...driver.counts, events: driver.expected.size, delivered },
        findings: this.#findings,
      },
      undefined,
      2,
    );
    await mkdir(dirname(report), { recursive: true });
    await writeFile(report, text);
  }

  #say(line) {
    console.log(`${((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  }
}
