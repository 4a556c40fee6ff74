// Topics read back whole, to compare what they hold with what was acknowledged; and filled without an ingest service.
import { decodeUsageRecord, encodeUsageRecord, usagePartition } from '@ledgerline/contract';
import { eventually } from '@ledgerline/testkit';
import { CompressionTypes } from 'kafkajs';
import { dedupeKey, namespace } from '../reference/settings.mjs';
import { partitions } from './world.mjs';

const readTimeoutMs = 180_000;

/** Thousandths of an amount, from the text of an event's data. */
const thousandthsOf = (data) => Math.round(JSON.parse(data).amount * 1000);

/** Reads every record; `read(message)` gives the data texts of the events in it. */
async function readBack(kafka, admin, topic, read) {
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  );
  const seen = { events: 0, thousandths: 0, records: 0 };
  const next = new Map([...ends.keys()].map((partition) => [partition, 0]));
  const consumer = kafka.consumer({ groupId: `${topic}-read-back`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          for (const data of read(message)) {
            seen.events += 1;
            seen.thousandths += thousandthsOf(data);
          }
          seen.records += 1;
        }
        next.set(batch.partition, Number(batch.lastOffset()) + 1);
      },
    });
    await eventually(() => [...ends].every(([partition, end]) => next.get(partition) >= end), {
      what: `${topic} read back`,
      deadlineMs: readTimeoutMs,
    });
  } finally {
    await consumer.disconnect();
  }
  return seen;
}

export const readBackOurs = (kafka, admin, topic) =>
  readBack(kafka, admin, topic, ({ value }) => decodeUsageRecord(value).map(({ data }) => data));

export const readBackReference = (kafka, admin, topic) =>
  readBack(kafka, admin, topic, ({ value }) => [JSON.parse(value.toString()).data]);

/** Puts events into our topic as ingest does, `perRecord` of them in a record. */
export async function fillOurs({ producer, topic, source, tally, events, perRecord }) {
  const waiting = Array.from({ length: partitions }, () => []);
  let messages = [];
  const nowMs = Date.now();
  const close = (partition) => {
    if (waiting[partition].length === 0) return;
    messages.push({ partition, value: encodeUsageRecord(waiting[partition]) });
    waiting[partition] = [];
  };
  const send = async () => {
    await producer.send({ topic, acks: -1, compression: CompressionTypes.None, messages });
    messages = [];
  };
  const first = source.take(events);
  for (let n = first; n < first + events; n += 1) {
    const { time, ...event } = source.at(n);
    const partition = usagePartition(namespace, event.source, event.id, partitions);
    waiting[partition].push({
      ...event,
      namespace,
      ingestedAtMs: nowMs,
      timeSeconds: Date.parse(time) / 1000,
      dataSent: null,
    });
    if (waiting[partition].length < perRecord) continue;
    close(partition);
    if (messages.length >= 100) await send();
  }
  waiting.forEach((_, partition) => close(partition));
  if (messages.length > 0) await send();
  tally.add(first, events);
}

/** Puts the same events into the reference's topic as its ingest does: a record for each. */
export async function fillReference({ producer, topic, source, tally, events }) {
  const headers = { namespace, specversion: '1.0', ingested_at: `${new Date().toISOString().slice(0, 19)}Z` };
  const first = source.take(events);
  for (let n = first; n < first + events; n += 1000) {
    const messages = Array.from({ length: Math.min(1000, first + events - n) }, (_, at) => {
      const { time, ...event } = source.at(n + at);
      const value = JSON.stringify({ ...event, time: Date.parse(time) / 1000 });
      return { key: dedupeKey(event.source, event.id), value, headers };
    });
    await producer.send({ topic, acks: -1, messages });
  }
  tally.add(first, events);
}
