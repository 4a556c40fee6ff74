// Posts usage events to a running ingest service and prints requests/s, latency and the CPU time of that process.
//   node bench/load-ingest.mjs --url http://127.0.0.1:8889 [--pid PID] [--batch 1,10,100] [--connections 64] [--seconds 5]
import { parseArgs } from 'node:util';
import { postClosedLoop } from './lib/load.mjs';
import { cpuSeconds } from './lib/machine.mjs';
import { UsageSource } from './lib/usage.mjs';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8889' },
    pid: { type: 'string' },
    batch: { type: 'string', default: '1,10,100' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    run: { type: 'string', default: Date.now().toString(36) },
  },
});
const source = new UsageSource(values.run);
const cpu = { start: Number.NaN, end: Number.NaN };

for (const batch of values.batch.split(',').map(Number)) {
  const seen = await postClosedLoop({
    url: values.url,
    source,
    batch,
    connections: Number(values.connections),
    warmupMs: Number(values.warmup) * 1000,
    windowMs: Number(values.seconds) * 1000,
    atWindow: (end) => {
      if (values.pid !== undefined) cpu[end] = cpuSeconds(values.pid);
    },
  });
  const line = {
    batch,
    requestsPerSecond: Math.round(seen.requestsPerSecond),
    eventsPerSecond: Math.round(seen.eventsPerSecond),
    p50Ms: Number(seen.p50Ms.toFixed(1)),
    p99Ms: Number(seen.p99Ms.toFixed(1)),
    cpuMicrosPerEvent: Number((((cpu.end - cpu.start) * 1e6) / seen.events).toFixed(2)),
    acknowledged: seen.tally.events,
    sum: seen.tally.sum,
  };
  console.log(JSON.stringify(line));
}
