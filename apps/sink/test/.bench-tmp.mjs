import { encodeUsageRecord, usagePartition } from '@ledgerline/contract';
import { isolated } from '@ledgerline/testkit';
import { openKafka } from '@ledgerline/platform/kafka';
import { createLogger } from '@ledgerline/platform/telemetry';
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import fs from 'node:fs';
import { startSink } from '../dist/start-sink.js';
process.env.LEDGERLINE_TEST_ENGINES = fs.readFileSync('/tmp/sink-engines.json', 'utf8');
const corner = await isolated();
const logger = createLogger({ service: 'x', level: 'warn' });
const kafka = openKafka({ brokers: corner.kafkaBrokers, service: 'x', logger });
const admin = kafka.admin();
await admin.connect();
const topic = corner.kafkaTopicPrefix + 'usage-events';
await admin.createTopics({
  topics: [
    { topic, numPartitions: 4, configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] },
  ],
  waitForLeaders: true,
});
const ch = openClickHouse({
  url: corner.clickhouseUrl,
  database: corner.clickhouseDatabase,
  user: 'default',
  password: '',
  service: 'x',
});
for (const q of fs
  .readFileSync('/work/main/libs/metering/migrations/clickhouse/001-events.sql', 'utf8')
  .split(/;\s*$/m)
  .filter((t) => /\S/.test(t)))
  await ch.command({ query: q });
const N = Number(process.argv[2] ?? 1_000_000);
const per = 100;
const producer = kafka.producer();
await producer.connect();
const buckets = [[], [], [], []];
let msgs = [];
const now = Date.now();
for (let i = 0; i < N; i++) {
  const id = `01J${(1e12 + i * 7919).toString(36)}-${i}`;
  const p = usagePartition('default', 'https://api.example.com/gateway', id, 4);
  buckets[p].push({
    namespace: 'default',
    ingestedAtMs: now + (i >> 6),
    id,
    source: 'https://api.example.com/gateway',
    type: 'llm.tokens',
    subject: `customer-${i % 5000}`,
    timeSeconds: Math.floor(now / 1000),
    data: `{"model":"gpt-4-turbo","tokens":"${i % 4000}","kind":"completion","route":"/v1/chat/completions","status":200,"duration_ms":${i % 900},"region":"eu-west-1"}`,
    dataSent: null,
  });
  if (buckets[p].length === per) {
    msgs.push({ partition: p, value: encodeUsageRecord(buckets[p]) });
    buckets[p] = [];
  }
  if (msgs.length === 50) {
    await producer.send({ topic, messages: msgs });
    msgs = [];
  }
}
for (let p = 0; p < 4; p++)
  if (buckets[p].length) msgs.push({ partition: p, value: encodeUsageRecord(buckets[p]) });
if (msgs.length) await producer.send({ topic, messages: msgs });
await producer.disconnect();
console.log('produced');
const config = { ...loadConfig({ env: {} }) };
const over = {
  ...config,
  kafka: { ...config.kafka, brokers: corner.kafkaBrokers, topicPrefix: corner.kafkaTopicPrefix },
  clickhouse: { ...config.clickhouse, url: corner.clickhouseUrl, database: corner.clickhouseDatabase },
  sink: { ...config.sink, telemetryPort: 0 },
};
global.gc?.();
const cpu0 = process.cpuUsage();
const t0 = performance.now();
const s = await startSink(over, logger, () => ({
  advance: async () => {},
  stop() {},
  close: async () => {},
}));
let first;
for (;;) {
  const m = await (await fetch(`http://127.0.0.1:${s.telemetryPort}/metrics`)).text();
  const sum = [...m.matchAll(/ledgerline_sink_rows_total\{[^}]*\} (\d+)/g)].reduce(
    (a, x) => a + Number(x[1]),
    0,
  );
  if (sum > 0 && first === undefined) first = { t: performance.now(), cpu: process.cpuUsage(), sum };
  if (sum >= N) break;
  await new Promise((r) => setTimeout(r, 100));
}
const cpu = process.cpuUsage(first.cpu);
const wall = performance.now() - first.t;
const n = N - first.sum;
console.log(
  `${n} events after the first batch: ${((cpu.user + cpu.system) / n).toFixed(2)} µs CPU/event (user ${(cpu.user / n).toFixed(2)}), ${Math.round((n / wall) * 1000)} events/s`,
);
const all = process.cpuUsage(cpu0);
console.log(
  `whole: ${((all.user + all.system) / N).toFixed(2)} µs/event, rss ${Math.round(process.memoryUsage().rss / 1e6)} MB, wall ${Math.round(performance.now() - t0)} ms`,
);
const r = await (
  await ch.query({
    query: "select count() n, uniqExact(id) u, countIf(status='ok') ok from events",
    format: 'JSONEachRow',
  })
).json();
console.log(r);
const parts = await (
  await ch.query({
    query:
      "select count() n, avg(rows) from system.parts where level=0 and table='events' and database=currentDatabase()",
    format: 'JSONEachRow',
  })
).json();
console.log(parts);
const m = await (await fetch(`http://127.0.0.1:${s.telemetryPort}/metrics`)).text();
console.log(
  m
    .split('\n')
    .filter((l) => /insert_seconds_(sum|count)|suspects_total|filter_bytes/.test(l) && !l.startsWith('#'))
    .join('\n'),
);
console.log(await (await fetch(`http://127.0.0.1:${s.telemetryPort}/healthz/ready`)).text());
await s.close();
await ch.close();
await admin.disconnect();
await corner.dispose();
process.exit(0);
