// Reference sink: asks Redis about every message, buffers 500, then stands still while they are inserted as one text
// statement, the offsets are committed and the keys are remembered.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { dedupeKey, eventsTopic, namespace, required } from './settings.mjs';

const flushAtMessages = 500;
const flushAfterMs = 5_000;
const keySeconds = 32 * 24 * 3600;

const prefix = process.env.REFERENCE_TOPIC_PREFIX ?? '';
const keyPrefix = process.env.REFERENCE_REDIS_PREFIX ?? '';
const topic = eventsTopic(prefix);
const redis = new Redis(required('REFERENCE_REDIS_URL'), { enableAutoPipelining: false });
const kafka = new Kafka({
  clientId: 'reference-sink',
  brokers: required('REFERENCE_BROKERS').split(','),
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({ groupId: `${prefix}reference-sink`, allowAutoTopicCreation: false });
const insertUrl = new URL(required('REFERENCE_CLICKHOUSE_URL'));
insertUrl.searchParams.set('database', required('REFERENCE_CLICKHOUSE_DATABASE'));
// The same text as in the statement itself, but the engine's front door need not scan it for its end: cheaper.
insertUrl.searchParams.set('query', 'INSERT INTO om_events FORMAT Values');
// On by default in newer servers, where it makes every small insert wait; off it is quicker.
insertUrl.searchParams.set('async_insert', '0');

const counts = { stored: 0, dropped: 0, duplicates: 0 };
let buffer = [];
let offsets = new Map();
let flushedAt = performance.now();
let rowId = 0;

/** The event of a message; undefined for one that cannot be stored. */
function read(message) {
  if (message.headers?.namespace === undefined || message.value === null) return undefined;
  let event;
  try {
    event = JSON.parse(message.value.toString());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
  const { id, type, source, subject, time } = event;
  if (!id || !type || !source || !subject || !(time > 0)) return undefined;
  return {
    ...event,
    namespace: message.headers.namespace.toString(),
    ingestedAt: message.headers.ingested_at,
  };
}

const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const nowSeconds = () => Math.floor(Date.now() / 1000);

function rowOf(event, storedAt) {
  const ingestedAt = Math.floor(Date.parse(event.ingestedAt.toString()) / 1000);
  rowId += 1;
  return (
    `(${quoted(event.namespace)},${quoted(event.id)},${quoted(event.type)},${quoted(event.subject)},` +
    `${quoted(event.source)},${event.time},${quoted(event.data)},${ingestedAt},${storedAt},'${rowId}')`
  );
}

const keyOf = (event) => `${keyPrefix}${dedupeKey(event.source, event.id)}`;

async function flush(commit) {
  const once = new Map(buffer.map((event) => [keyOf(event), event]));
  counts.duplicates += buffer.length - once.size;
  const known = once.size === 0 ? [] : await redis.mget(...once.keys());
  const fresh = [...once].filter((_, at) => known[at] === null);
  counts.duplicates += once.size - fresh.length;
  if (fresh.length > 0) {
    const storedAt = nowSeconds();
    const reply = await fetch(insertUrl, {
      method: 'POST',
      body: fresh.map(([, event]) => rowOf(event, storedAt)).join(','),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`the insert failed: ${text.slice(0, 500)}`);
  }
  await commit();
  const pipeline = redis.pipeline();
  for (const [key] of fresh) pipeline.set(key, '1', 'EX', keySeconds, 'NX');
  await pipeline.exec();
  counts.stored += fresh.length;
  buffer = [];
  offsets = new Map();
  flushedAt = performance.now();
}

const commitOffsets = () =>
  consumer.commitOffsets(
    [...offsets].map(([partition, offset]) => ({ topic, partition, offset: String(Number(offset) + 1) })),
  );

// A flush by the clock and the reading loop take turns.
let turn = Promise.resolve();
function exclusive(work) {
  const done = turn.then(work);
  turn = done.catch((error) => {
    console.error(error);
    process.exit(1);
  });
  return done;
}

async function take({ batch, resolveOffset, heartbeat }) {
  for (const message of batch.messages) {
    const event = read(message);
    if (event === undefined) counts.dropped += 1;
    else if ((await redis.exists(keyOf(event))) === 1) counts.duplicates += 1;
    else buffer.push(event);
    offsets.set(batch.partition, message.offset);
    resolveOffset(message.offset);
    if (buffer.length < flushAtMessages) continue;
    await flush(commitOffsets);
    await heartbeat();
  }
}

let hasJoined = false;
consumer.on(consumer.events.GROUP_JOIN, () => {
  hasJoined = true;
});
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  // One loop over all messages; a flush within it holds the others back.
  partitionsConsumedConcurrently: 1,
  eachBatchAutoResolve: false,
  eachBatch: (payload) => exclusive(() => take(payload)),
});
setInterval(() => {
  if (buffer.length === 0 || performance.now() - flushedAt < flushAfterMs) return;
  void exclusive(() => (buffer.length > 0 ? flush(commitOffsets) : undefined));
}, 500).unref();

createServer((_request, reply) => {
  reply.statusCode = hasJoined ? 200 : 503;
  reply.end(JSON.stringify(counts));
}).listen(Number(required('REFERENCE_PORT')), '127.0.0.1');

process.once('SIGTERM', async () => {
  await consumer.disconnect();
  redis.disconnect();
  process.exit(0);
});
