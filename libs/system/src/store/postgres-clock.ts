import { type Clock, type Instant, systemClock } from '@ledgerline/kernel';
import type { LiveClock } from '@ledgerline/platform';
import { instantFromDb, instantToDb } from '@ledgerline/platform/postgres';
import type { DataSource } from 'typeorm';

/** The machine's clock; nobody can move it. */
export const machineClock: LiveClock = { now: () => systemClock.now(), refresh: () => Promise.resolve() };

const read = `SELECT now FROM system_clock WHERE namespace = 'default'`;
// The first start sets the clock to the machine's time; whoever comes second finds it.
const begin = `INSERT INTO system_clock (now) VALUES ($1) ON CONFLICT DO NOTHING`;
// Never back, whoever asks: everything that was decided at a later time would become a decision about the future.
const advance = `UPDATE system_clock SET now = $1, moved_at = clock_timestamp() WHERE namespace = 'default' AND now <= $1`;

/** Virtual time: stands still until it is moved; `now()` is what the last `refresh()` read. */
export class PostgresClock implements LiveClock {
  private current: Instant | undefined;

  constructor(
    private readonly source: DataSource,
    private readonly machine: Clock = systemClock,
  ) {}

  now(): Instant {
    if (this.current === undefined) throw new Error('the virtual clock was asked before it was read');
    return this.current;
  }

  async refresh(): Promise<void> {
    this.current = await this.read();
  }

  /** Moves the time of the whole system; a time that is not ahead changes nothing. */
  async advance(to: Instant): Promise<void> {
    await this.source.query(advance, [instantToDb(to)]);
    await this.refresh();
  }

  private async read(): Promise<Instant> {
    const [row] = await this.source.query<{ now: Date }[]>(read);
    if (row !== undefined) return instantFromDb(row.now);
    await this.source.query(begin, [instantToDb(this.machine.now())]);
    return this.read();
  }
}

/** The clock of this instance, read once so that `now()` works from the start. */
export async function openClock(mode: 'system' | 'virtual', source: DataSource): Promise<LiveClock> {
  if (mode === 'system') return machineClock;
  const clock = new PostgresClock(source);
  await clock.refresh();
  return clock;
}
