// Sink: CPU time per event of draining a backlog into ClickHouse, of everything that works for it.
import { eventually } from '@ledgerline/testkit';
import { cpuSeconds } from '../lib/machine.mjs';
import { requireAgreement } from '../lib/statistics.mjs';
import { fillOurs, fillReference } from '../lib/topics.mjs';
import { Tally, UsageSource } from '../lib/usage.mjs';
import { eventsTopic } from '../reference/settings.mjs';
import { declareMeters } from './meters.mjs';

// What ingest packs at batch 100 under load is more; this is the modest case.
const perRecord = 100;
// Thirty days that lie in one month: the reference's table is cut by months, and usage of the day is one of them.
const withinOneMonth = Date.UTC(2025, 0, 31);
const drainTimeoutMs = 180_000;

export async function measureSink(world, { pairs, backlog, say, report }) {
  const sides = {
    alone: await openOurs(world, false),
    reference: await openReference(world),
    readings: await openOurs(world, true),
  };
  const seen = { alone: [], reference: [], readings: [] };
  for (let pair = -1; pair < pairs; pair += 1) {
    for (const name of ['alone', 'reference', 'readings']) {
      const one = await drainOnce(sides[name], pair < 0 ? Math.max(5_000, backlog / 4) : backlog);
      if (pair >= 0) seen[name].push(one);
    }
    say(pair < 0 ? 'warmed up' : `pair ${pair + 1} of ${pairs} done`);
  }
  const pick = (name, field) => ({
    ours: seen[name].map((one) => one[field]),
    reference: seen.reference.map((one) => one[field]),
  });
  report.pair({
    name: 'sink CPU per event, events alone: sink, ClickHouse and Redis',
    unit: 'µs',
    better: 'lower',
    ...pick('alone', 'cpuMicros'),
    goal: { atLeast: 7 },
  });
  report.pair({
    name: 'sink CPU per event, events alone: sink process',
    unit: 'µs',
    better: 'lower',
    ...pick('alone', 'processMicros'),
  });
  report.pair({
    name: 'sink CPU per event, events alone: ClickHouse',
    unit: 'µs',
    better: 'lower',
    ...pick('alone', 'clickhouseMicros'),
  });
  report.pair({
    name: 'sink CPU per event, with readings of two meters (the reference has none)',
    unit: 'µs',
    better: 'lower',
    ...pick('readings', 'cpuMicros'),
    goal: { atLeast: 3 },
  });
  report.pair({
    name: 'sink drain rate, events alone',
    unit: 'events/s',
    better: 'higher',
    ...pick('alone', 'eventsPerSecond'),
  });
  for (const side of Object.values(sides)) await side.close();
}

/**
 * The sink stands still (SIGSTOP) while its topic fills, so that it meets a real backlog with warm code and open connections.
 */
async function drainOnce(side, events) {
  const { service, pids, corner } = side;
  await corner.settle();
  service.signal('SIGSTOP');
  try {
    await side.fill(events);
  } finally {
    service.signal('SIGCONT');
  }
  const cpu = () => pids.map((pid) => cpuSeconds(pid));
  const before = cpu();
  const startedAt = performance.now();
  await eventually(async () => (await side.stored()) >= side.tally.events, {
    what: `${side.tally.events} events stored (${side.name})`,
    deadlineMs: drainTimeoutMs,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpu().map((after, at) => ((after - before[at]) * 1e6) / events);
  requireAgreement(side.name, { events: side.tally.events, sum: side.tally.sum }, await side.count());
  return {
    processMicros: used[0],
    clickhouseMicros: used[1],
    cpuMicros: used.reduce((sum, one) => sum + one, 0),
    eventsPerSecond: events / seconds,
  };
}

async function openProducer(corner) {
  const producer = corner.kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

async function openOurs(world, withReadings) {
  const corner = await world.openCorner();
  await corner.migrate();
  if (withReadings) await declareMeters(corner);
  const service = await corner.startSink();
  const producer = await openProducer(corner);
  const tally = new Tally();
  const source = new UsageSource(withReadings ? 'sr' : 'sa', { nowMs: withinOneMonth });
  const topic = `${corner.corner.kafkaTopicPrefix}usage-events`;
  const meterRows = 2;
  return {
    name: withReadings ? 'our sink with readings' : 'our sink',
    corner,
    service,
    tally,
    pids: [service.pid, world.pidOf('clickhouse')],
    fill: (events) => fillOurs({ producer, topic, source, tally, events, perRecord }),
    async stored() {
      const events = Number(await corner.value('SELECT count() FROM events'));
      if (!withReadings) return events;
      const readings = Number(await corner.value("SELECT countIf(kind = 'reading') FROM readings"));
      return Math.min(events, readings / meterRows);
    },
    async count() {
      const [row] = await corner.rows(
        `SELECT countIf(status = 'ok') AS events, sumIf(toDecimal128(JSON_VALUE(data, '$.amount'), 3), status = 'ok') AS sum
         FROM events`,
        { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 },
      );
      return { events: Number(row.events), sum: withoutZeros(row.sum) };
    },
    async close() {
      await producer.disconnect();
      await corner.close();
    },
  };
}

async function openReference(world) {
  const corner = await world.openCorner();
  await corner.migrateReference();
  const service = await corner.startReference('sink');
  const producer = await openProducer(corner);
  const tally = new Tally();
  const source = new UsageSource('sx', { nowMs: withinOneMonth });
  const topic = eventsTopic(corner.corner.kafkaTopicPrefix);
  return {
    name: "the reference's sink",
    corner,
    service,
    tally,
    pids: [service.pid, world.pidOf('clickhouse'), world.pidOf('redis')],
    fill: (events) => fillReference({ producer, topic, source, tally, events }),
    stored: async () => Number(await corner.value('SELECT count() FROM om_events')),
    async count() {
      const [row] = await corner.rows(
        "SELECT count() AS events, sum(toDecimal128(JSON_VALUE(data, '$.amount'), 3)) AS sum FROM om_events",
        { output_format_json_quote_decimals: 1, output_format_json_quote_64bit_integers: 1 },
      );
      return { events: Number(row.events), sum: withoutZeros(row.sum) };
    },
    async close() {
      await producer.disconnect();
      await corner.close();
    },
  };
}

const withoutZeros = (text) =>
  String(text).includes('.') ? String(text).replace(/\.?0+$/, '') : String(text);
