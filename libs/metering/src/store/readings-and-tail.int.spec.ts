import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { instant, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { MeteringWorld, partitions } from '../../test/metering-world.js';
import type { MeterStore, MeterVersionStore } from '../core/ports.js';
import { METER_STORE, METER_VERSION_STORE } from '../tokens.js';
import { QueryUsage } from '../use-cases/query-usage.js';
import { ClickHouseUsageStore } from './clickhouse-usage-store.js';

const batch = 40;
const readers = 3;
const period = { from: instant('2025-06-01T00:00:00Z'), to: instant('2025-07-01T00:00:00Z') };

describe('readings and tail of one statement', () => {
  let world: MeteringWorld;
  let meterId: string;
  let stored = 0;

  beforeAll(async () => {
    world = await MeteringWorld.open();
    meterId = (await world.createMeter({ slug: 'counted', aggregation: 'COUNT', eventType: 'usage' })).id;
    await world.builder.advance();
  });
  afterAll(() => world.close());

  const storeOne = async (): Promise<void> => {
    await world.store(
      Array.from({ length: batch }, (_, at) => ({ time: '2025-06-02T00:00:00Z', subject: `s${at % 3}` })),
    );
    stored += batch;
  };

  function usage(sharedSnapshot: boolean): QueryUsage {
    return new QueryUsage({
      unitOfWork: world.app.get<UnitOfWork>(UNIT_OF_WORK),
      meters: world.app.get<MeterStore>(METER_STORE),
      versions: world.app.get<MeterVersionStore>(METER_VERSION_STORE),
      usage: new ClickHouseUsageStore(world.clickhouse, { sharedSnapshot }),
      attribution: {
        customersById: () => Promise.resolve([]),
        customerIdsOfSubjects: () => Promise.resolve(new Map()),
      },
      partitions,
    });
  }

  /** Reads while batches are stored and turned into readings; answers outside of what was stored meanwhile are wrong. */
  async function wrongAnswers(
    sharedSnapshot: boolean,
    until: (wrong: number, asked: number) => boolean,
  ): Promise<{ wrong: number; asked: number }> {
    const asking = usage(sharedSnapshot);
    const seen = { wrong: 0, asked: 0 };
    let done = false;
    const write = async (): Promise<void> => {
      while (!done) {
        await storeOne();
        await world.builder.advance();
      }
    };
    const read = async (): Promise<void> => {
      while (!done) {
        const before = stored;
        const [answer] = await asking.run({
          namespace: 'default',
          meterId,
          subjects: undefined,
          periods: [period],
        });
        // One batch may be stored that the writer has not counted yet.
        const after = stored + batch;
        const value = answer!.value.toNumber();
        seen.asked += 1;
        if (value < before || value > after) seen.wrong += 1;
        done ||= until(seen.wrong, seen.asked);
      }
    };
    await Promise.all([write(), ...Array.from({ length: readers }, read)]);
    return seen;
  }

  it('always agree', async () => {
    const { wrong, asked } = await wrongAnswers(true, (_wrong, asked) => asked >= 150);
    expect(asked).toBeGreaterThanOrEqual(150);
    expect(wrong).toBe(0);
  }, 120_000);

  it('disagree without the shared snapshot, so the test above can fail', async () => {
    const deadline = performance.now() + 90_000;
    const { wrong } = await wrongAnswers(false, (wrong) => wrong > 0 || performance.now() > deadline);
    expect(wrong).toBeGreaterThan(0);
  }, 120_000);
});
