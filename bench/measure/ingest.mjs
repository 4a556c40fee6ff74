// Ingest: CPU time of the server process per event, and requests a second, each request answered after acks=all.
import { postClosedLoop } from '../lib/load.mjs';
import { cpuSeconds } from '../lib/machine.mjs';
import { requireAgreement } from '../lib/statistics.mjs';
import { readBackOurs, readBackReference } from '../lib/topics.mjs';
import { decimalText, Tally, UsageSource } from '../lib/usage.mjs';
import { eventsTopic } from '../reference/settings.mjs';

const connections = 64;
const batches = [1, 10, 100];

export async function measureIngest(world, { pairs, windowMs, say, report }) {
  const corner = await world.openCorner();
  await corner.migrate();
  await corner.migrateReference();
  const ours = await corner.startIngest();
  const reference = await corner.startReference('ingest');
  const sides = {
    ours: { service: ours, source: new UsageSource('bo'), tally: new Tally() },
    reference: { service: reference, source: new UsageSource('br'), tally: new Tally() },
  };
  // Both run warm code from the first figure on; a cold server costs several times as much per event.
  for (let round = 0; round < 2; round += 1) {
    for (const side of Object.values(sides)) await postOnce(side, 10, windowMs);
  }
  for (const batch of batches) {
    const seen = { ours: [], reference: [] };
    // The first round of each size is not counted either.
    for (let pair = -1; pair < pairs; pair += 1) {
      for (const side of ['ours', 'reference']) {
        const one = await postOnce(sides[side], batch, pair < 0 ? windowMs / 2 : windowMs);
        if (pair >= 0) seen[side].push(one);
      }
    }
    reportBatch(batch, seen, report);
    say(`batch ${batch} done`);
  }
  await agree(corner, sides);
  await corner.close();
}

async function postOnce({ service, source, tally }, batch, windowMs) {
  const cpu = {};
  const seen = await postClosedLoop({
    url: service.url,
    source,
    batch,
    connections,
    warmupMs: 500,
    windowMs,
    atWindow: (end) => (cpu[end] = cpuSeconds(service.pid)),
  });
  tally.addAll(seen.tally);
  return { ...seen, cpuMicros: ((cpu.end - cpu.start) * 1e6) / seen.events };
}

function reportBatch(batch, { ours, reference }, report) {
  const pick = (field) => ({
    ours: ours.map((one) => one[field]),
    reference: reference.map((one) => one[field]),
  });
  report.pair({
    name: `ingest CPU per event, batch ${batch}`,
    unit: 'µs',
    better: 'lower',
    ...pick('cpuMicros'),
    ...(batch === 100 && { goal: { atLeast: 4 } }),
  });
  report.pair({
    name: `ingest ${batch === 1 ? 'requests' : 'events'} per second, batch ${batch}`,
    unit: '/s',
    better: 'higher',
    ...pick(batch === 1 ? 'requestsPerSecond' : 'eventsPerSecond'),
    ...(batch === 1 && { goal: { atLeast: 8 } }),
  });
  if (batch === 1) {
    report.absolute({
      name: 'ingest requests per second, batch 1, ours alone',
      unit: '/s',
      values: ours.map((one) => one.requestsPerSecond),
      goal: { atLeast: 12_000 },
    });
  }
  report.pair({ name: `ingest p99 latency, batch ${batch}`, unit: 'ms', better: 'lower', ...pick('p99Ms') });
}

async function agree(corner, { ours, reference }) {
  const { kafka, admin } = corner;
  const prefix = corner.corner.kafkaTopicPrefix;
  const inOurs = await readBackOurs(kafka, admin, `${prefix}usage-events`);
  const inReference = await readBackReference(kafka, admin, eventsTopic(prefix));
  for (const [what, { tally }, seen] of [
    ['our topic', ours, inOurs],
    ["the reference's topic", reference, inReference],
  ]) {
    requireAgreement(
      what,
      { events: tally.events, sum: tally.sum },
      { events: seen.events, sum: decimalText(seen.thousandths) },
    );
  }
}
