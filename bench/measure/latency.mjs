// Latency of ingest under a steady open-loop load of single events: a request that is due and finds no free connection is late,
// not left out. Measured at the service's own port, and once more through the front door, whose cost stands apart.
import { OpenLoop } from '../lib/load.mjs';
import { cpuSeconds } from '../lib/machine.mjs';
import { percentile } from '../lib/statistics.mjs';
import { UsageSource } from '../lib/usage.mjs';

const rate = 5_000;
const connections = 64;
const warmupMs = 3_000;

export async function measureLatency(world, { latencyMs, say, report }) {
  const corner = await world.openCorner();
  await corner.migrate();
  const ingest = await corner.startIngest();
  // The door calls itself ready when the api behind it answers.
  await corner.startApi();
  const door = await corner.startFrontDoor();
  const run = async (name, url, pid, goal) => {
    const load = (durationMs) =>
      new OpenLoop({
        url,
        source: new UsageSource(`la${performance.now()}`),
        rate,
        batch: 1,
        connections,
      }).run(durationMs);
    await load(warmupMs);
    const cpuBefore = cpuSeconds(pid);
    const open = new OpenLoop({
      url,
      source: new UsageSource(`lb${performance.now()}`),
      rate,
      batch: 1,
      connections,
    });
    await open.run(latencyMs);
    const cpu = cpuSeconds(pid) - cpuBefore;
    for (const [share, label] of [
      [0.5, 'p50'],
      [0.99, 'p99'],
    ]) {
      report.absolute({
        name: `ingest latency at ${rate} requests/s, ${name}, ${label}`,
        unit: 'ms',
        values: [percentile(open.latenciesMs, share)],
        ...(label === 'p99' && goal && { goal }),
      });
    }
    return (cpu * 1e6) / open.tally.events;
  };
  await run('own port', ingest.url, ingest.pid, { atMost: 30 });
  say('own port measured');
  const doorMicros = await run('through the front door', door.url, door.pid);
  report.absolute({ name: 'front door CPU per request', unit: 'µs', values: [doorMicros] });
  await corner.close();
}
