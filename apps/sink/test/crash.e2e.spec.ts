import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { isolated } from '@ledgerline/testkit';
import { runCrash } from './crash-harness.js';

jest.setTimeout(240_000);
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

describe('ingest, sink, gateway and broker, killed five times each while events arrive', () => {
  // A run is repeated with LEDGERLINE_CRASH_SEED=<the seed that was printed>.
  const seed = Number(process.env['LEDGERLINE_CRASH_SEED'] ?? Date.now() % 1_000_000);

  it(`count every acknowledged event exactly once (seed ${seed})`, async () => {
    const corner = await isolated();
    cleanups.push(() => corner.dispose());
    const report = await runCrash({
      seed,
      postgresUrl: corner.postgresUrl,
      killsEach: 5,
      victims: ['ingest', 'sink', 'gateway', 'broker'],
      say: (line) => process.stderr.write(`[seed ${seed}] ${line}\n`),
    });
    process.stderr.write(`${JSON.stringify(report)}\n`);
    const { rows } = report;
    expect(report.kills).toEqual({ ingest: 5, sink: 5, gateway: 5, broker: 5 });
    // The run must have reached what it is for.
    expect(report.driver.unknown + report.driver.refused).toBeGreaterThan(0);
    expect(rows.duplicate).toBeGreaterThan(0);
    expect(report.missing).toBe(0);
    expect(report.sum).toBe(report.expectedSum);
    expect(report.meterSum).toBe(report.expectedSum);
    expect(rows.ok).toBe(report.acknowledged);
    expect(report.okIdentities).toBe(rows.ok);
    expect(rows.ok + rows.duplicate + rows.invalid).toBe(report.delivered);
    expect(report.wrongPlaces).toBe(0);
  });
});
