// Dedupe: what it costs to know of each event whether it came before, with one in a hundred that did. Ours asks filters in
// memory and the table only on a hit; the reference asks Redis about every message, once more per 500, and tells it afterwards.
import { decodeUsageRecord, usageFingerprint } from '@ledgerline/contract';
import { SinkEventsStore } from '@ledgerline/sink';
import { DedupeFilters, SinkBatch } from '@ledgerline/sink/core';
import { Redis } from 'ioredis';
import { cpuSeconds } from '../lib/machine.mjs';
import { requireAgreement } from '../lib/statistics.mjs';
import { UsageSource } from '../lib/usage.mjs';
import { dedupeKey } from '../reference/settings.mjs';

const batchRows = 20_000; // the sink's batch
const flushAt = 500; // the reference's batch
const duplicateEvery = 100;
const partition = 0;
const windowMs = 32 * 24 * 3600 * 1000;
const weekMs = 7 * 24 * 3600 * 1000;
const filterBytesMax = 512 * 1024 * 1024;
const keySeconds = windowMs / 1000;

export async function measureDedupe(world, { pairs, keys, say, report }) {
  const corner = await world.openCorner();
  await corner.migrate();
  const ours = await openOurs(world, corner);
  const reference = await openReference(world, corner);
  await ours.fill(keys);
  await reference.fill(keys);
  say(`${keys} keys known to both sides`);
  const perPair = Math.min(200_000, keys);
  const seen = { ours: [], reference: [] };
  for (let pair = -1; pair < pairs; pair += 1) {
    const events = makeEvents(pair + 1, perPair, keys);
    const expected = { duplicates: Math.ceil(perPair / duplicateEvery) };
    for (const [name, side] of [
      ['ours', ours],
      ['reference', reference],
    ]) {
      const one = await timed(side.pids, () => side.run(events));
      requireAgreement(`duplicates found by ${name}`, expected, { duplicates: one.result });
      if (pair >= 0) seen[name].push({ ...one, events: perPair });
    }
    say(pair < 0 ? 'warmed up' : `pair ${pair + 1} of ${pairs} done`);
  }
  const pick = (field) => ({
    ours: seen.ours.map((one) => (one[field] * 1e6) / one.events),
    reference: seen.reference.map((one) => (one[field] * 1e6) / one.events),
  });
  report.pair({
    name: 'dedupe CPU per event, process and engine',
    unit: 'µs',
    better: 'lower',
    ...pick('cpu'),
    goal: { atLeast: 10 },
  });
  report.pair({ name: 'dedupe time per event', unit: 'µs', better: 'lower', ...pick('wall') });
  report.absolute({
    name: 'dedupe memory per key',
    unit: 'B',
    values: [ours.bytesPerKey()],
    goal: { atMost: 24 },
  });
  report.absolute({
    name: 'dedupe memory per key, reference',
    unit: 'B',
    values: [await reference.bytesPerKey()],
  });
  reference.close();
  await corner.close();
}

/** CPU seconds of this process and of the engine behind it, and seconds by the clock. */
async function timed(pids, work) {
  const cpuNow = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const own = process.cpuUsage();
  const engine = cpuNow();
  const at = performance.now();
  const result = await work();
  const wall = (performance.now() - at) / 1000;
  const used = process.cpuUsage(own);
  return { result, wall, cpu: (used.user + used.system) / 1e6 + cpuNow() - engine };
}

/** New events, and at every hundredth place one that was filled in before. */
function makeEvents(round, count, keys) {
  const known = new UsageSource('de');
  const fresh = new UsageSource(`df${round + 1}`);
  return Array.from({ length: count }, (_, n) => {
    const { id, source } =
      n % duplicateEvery === 0 ? known.at((n * 7_919 + round * 104_729) % keys) : fresh.at(n);
    return { id, source };
  });
}

async function openOurs(world, corner) {
  const store = new SinkEventsStore(corner.clickhouse);
  const filters = new DedupeFilters(filterBytesMax, Math.ceil(windowMs / weekMs));
  const codec = { decode: decodeUsageRecord, fingerprintOf: usageFingerprint, fingerprintOfBytes: () => 0n };
  const claim = 'bench';
  const now = Date.now();
  const week = Math.floor(now / weekMs);
  const halves = new Uint32Array(2);
  const wide = new BigUint64Array(halves.buffer);
  const namespace = 'default';
  let offset = 0;
  return {
    pids: [world.pidOf('clickhouse')],
    /** The way of the sink: the same rows, the same insert. */
    async fill(keys) {
      await store.claim([partition], claim);
      const source = new UsageSource('de');
      const batch = new SinkBatch(codec, filters);
      for (let first = 0; first < keys; first += batchRows) {
        batch.clear();
        const events = Array.from({ length: Math.min(batchRows, keys - first) }, (_, at) => {
          const { time, ...event } = source.at(first + at);
          return {
            ...event,
            namespace,
            ingestedAtMs: now,
            timeSeconds: Date.parse(time) / 1000,
            dataSent: null,
          };
        });
        batch.addRecord(partition, offset, events);
        offset += 1;
        const outcome = await store.insert(batch.toInsert(claim));
        if (outcome.kind !== 'stored') throw new Error(`the bench's insert: ${outcome.reason}`);
      }
      await corner.settle();
    },
    async run(events) {
      let duplicates = 0;
      for (let first = 0; first < events.length; first += batchRows) {
        const suspects = new Map();
        for (const { source, id } of events.slice(first, first + batchRows)) {
          const fingerprint = usageFingerprint(namespace, source, id);
          wide[0] = fingerprint;
          if (filters.seen(partition, week, halves[1], halves[0])) {
            suspects.set(JSON.stringify([namespace, source, id]), fingerprint);
          }
        }
        if (suspects.size === 0) continue;
        const stored = await store.identities([partition], [...suspects.values()], now - windowMs);
        for (const one of stored)
          if (suspects.has(JSON.stringify([one.namespace, one.source, one.id]))) duplicates += 1;
      }
      return duplicates;
    },
    bytesPerKey() {
      const { bytes, keys } = filters.use();
      return bytes / keys;
    },
  };
}

async function openReference(world, corner) {
  const redis = new Redis(corner.corner.redisUrl, { enableAutoPipelining: false });
  const prefix = `${corner.corner.redisPrefix}dedupe:`;
  const keyOf = ({ source, id }) => `${prefix}${dedupeKey(source, id)}`;
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
  const before = { bytes: await usedBytes(), keys: await redis.dbsize() };
  const remember = async (keys) => {
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.set(key, '1', 'EX', keySeconds, 'NX');
    await pipeline.exec();
  };
  return {
    pids: [world.pidOf('redis')],
    async fill(count) {
      const source = new UsageSource('de');
      for (let first = 0; first < count; first += 10_000) {
        const length = Math.min(10_000, count - first);
        await remember(Array.from({ length }, (_, at) => keyOf(source.at(first + at))));
      }
    },
    async run(events) {
      let duplicates = 0;
      let buffer = [];
      const flush = async () => {
        if (buffer.length === 0) return;
        const known = await redis.mget(...buffer);
        const fresh = buffer.filter((_, at) => known[at] === null);
        duplicates += buffer.length - fresh.length;
        await remember(fresh);
        buffer = [];
      };
      for (const event of events) {
        const key = keyOf(event);
        if ((await redis.exists(key)) === 1) duplicates += 1;
        else buffer.push(key);
        if (buffer.length >= flushAt) await flush();
      }
      await flush();
      return duplicates;
    },
    async bytesPerKey() {
      return ((await usedBytes()) - before.bytes) / ((await redis.dbsize()) - before.keys);
    },
    close: () => redis.disconnect(),
  };
}
