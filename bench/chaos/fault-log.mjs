// What is in the log, twice in it, or no longer in it.
import { encodeUsageRecord, usagePartition } from '@ledgerline/contract';
import { loadConfig } from '@ledgerline/platform/config';
import { topicsOf } from '@ledgerline/platform/kafka';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import { eventually, freePortBlock, isolated, NotYet } from '@ledgerline/testkit';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf } from './usage.mjs';
import { partitions } from './instance.mjs';

const patienceMs = 60_000;
const MiB = 1024 * 1024;

const withProducer = async (instance, work) => {
  const producer = instance.openKafka().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    return await work(producer);
  } finally {
    await producer.disconnect();
  }
};

/** A usage event as ingest would write it. */
const aRecord = (event, data) => ({
  namespace: 'default',
  ingestedAtMs: Date.now(),
  id: event.id,
  source: event.source,
  type: 'poison',
  subject: 'poison',
  timeSeconds: Math.floor(Date.now() / 1000),
  data,
  dataSent: null,
});

const poison = {
  id: 'F15',
  title: 'records nobody can read, a record of 5 MB, NUL and half surrogates',
  state: 'each became a row with its reason',
  async inject({ instance, driver, kills, sometimes, random }) {
    const unreadable = [
      Buffer.from('no record'),
      Buffer.from([0, 255, 254, 1]),
      Buffer.from('[2,[]]'),
      Buffer.from('[1,[1,2,3]]'),
      Buffer.from(`"${'x'.repeat(5 * MiB)}"`),
      null,
    ];
    const id = `poison-${Math.floor(random() * 1e9)}`;
    const texts = ['{"text":"\\u0000"}', '{"text":"\\ud800"}', `{"text":"${'y'.repeat(5 * MiB)}"}`];
    const good = texts.map((data, n) => ({ event: { source: 'poison', id: `${id}-${n}` }, data }));
    await withProducer(instance, async (producer) => {
      const bad = unreadable.map((value, n) => ({ partition: n % partitions, value }));
      const read = good.map(({ event, data }) => ({
        partition: usagePartition('default', event.source, event.id, partitions),
        value: encodeUsageRecord([aRecord(event, data)]),
      }));
      // One by one: each of the large ones is a request of its own.
      for (const message of [...bad, ...read])
        await producer.send({ topic: instance.topic, acks: -1, messages: [message] });
    });
    for (const { event } of good) {
      driver.sent.add(keyOf(event));
      driver.expected.add({ ...event, type: 'poison' });
    }
    driver.expected.unreadable += unreadable.length;
    kills.push('poison');
    // What the door takes as text: escapes stay escapes.
    const [event] = driver.events(1);
    event.json = event.json.replace('"data":{', '"data":{"odd":"\\u0000 \\ud800",');
    await driver.post([event]);
    const rows = await eventually(
      async () => {
        const found = await instance.rows(
          `SELECT reason, toUInt32(count()) AS n FROM events WHERE status = 'invalid' GROUP BY reason`,
        );
        if (found.reduce((sum, { n }) => sum + n, 0) < driver.expected.unreadable) throw new NotYet(found);
        return found;
      },
      { deadlineMs: patienceMs, what: 'rows of the poison' },
    );
    sometimes.note('unreadable record kept as a row', unreadable.length);
    return { reached: rows.every(({ reason }) => reason !== ''), note: `${rows.length} reasons` };
  },
};

const duplicates = {
  id: 'F16',
  title: 'the same request twenty times at once, again later, again after a restart of the sink',
  state: 'all but the first were marked as duplicates',
  async inject({ instance, driver, kills }) {
    const count = async () => {
      const [{ n }] = await instance.rows(
        `SELECT toUInt32(count()) AS n FROM events WHERE status = 'duplicate'`,
      );
      return n;
    };
    const before = await count();
    const events = driver.events(10);
    const least = before + events.length * 21;
    await driver.post(events, 20);
    await eventually(async () => (await instance.lag()) === 0 || (await count()) > before, {
      deadlineMs: patienceMs,
      what: 'the first of them stored',
    });
    await driver.post(events);
    await instance.services.sink.stop();
    await driver.post(events);
    await instance.services.sink.start();
    kills.push('duplicates, sink restarted');
    const after = await eventually(
      async () => {
        const now = await count();
        if (now < least) throw new NotYet(`${now} of ${least}`);
        return now;
      },
      { deadlineMs: patienceMs, what: 'the duplicates marked' },
    );
    return { reached: true, note: `${after - before} duplicates marked, the driver's own among them` };
  },
};

const changedLog = {
  id: 'F22',
  title: 'committed offsets rewound; on the side a topic re-created and one deleted',
  state: 'the sinks on the side stopped and said what to do',
  async inject(ctx) {
    const { instance, kills, sometimes } = ctx;
    await instance.services.sink.stop();
    await eventually(
      () =>
        instance.withAdmin(async (admin) => {
          await admin.setOffsets({
            groupId: instance.group,
            topic: instance.topic,
            partitions: Array.from({ length: partitions }, (_, partition) => ({ partition, offset: '0' })),
          });
          return true;
        }),
      { deadlineMs: patienceMs, what: 'the offsets of a group that nobody is a member of' },
    );
    kills.push('offsets rewound');
    await instance.services.sink.start();
    const recreated = await loseTopic(ctx, { prefix: 'recreated.', isRecreated: true });
    const deleted = await loseTopic(ctx, { prefix: 'deleted.', isRecreated: false });
    sometimes.note('sink stopped with an instruction', 2);
    return { reached: true, note: `re-created: ${recreated}; deleted: ${deleted}` };
  },
};

/** A topic and a table of its own, so that the instance goes on; gives the code of the stop. */
async function loseTopic({ instance, kills }, { prefix, isRecreated }) {
  const corner = await isolated(instance.engineAddresses);
  const port = await freePortBlock(1);
  const env = {
    LEDGERLINE_KAFKA_TOPIC_PREFIX: prefix,
    LEDGERLINE_KAFKA_BROKERS: instance.brokers.join(','),
    LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
    LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
    LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
    LEDGERLINE_KAFKA_PARTITIONS: '1',
  };
  const topic = topicsOf(prefix).usageEvents;
  const config = loadConfig({ env });
  const logger = createLogger({ service: 'chaos', level: 'silent' });
  await migrateAll({ config, logger });
  const name = `sink-${prefix.slice(0, -1)}`;
  let sink;
  const remove = () => instance.withAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
  try {
    sink = await instance.startSideSink(name, port, env);
    // Each another one: a log that holds the same events as before is not told apart, and need not be.
    const send = (id) =>
      withProducer(instance, (producer) =>
        producer.send({
          topic,
          acks: -1,
          messages: [{ partition: 0, value: encodeUsageRecord([aRecord({ id, source: 's' }, null)]) }],
        }),
      );
    const total = async () => {
      const [{ n }] = await instance.rows(
        `SELECT toUInt32(count()) AS n FROM ${corner.clickhouseDatabase}.events`,
      );
      return n;
    };
    await send('first');
    await eventually(async () => (await total()) === 1, {
      deadlineMs: patienceMs,
      what: `the event of ${prefix}`,
    });
    await remove();
    kills.push(`topic ${isRecreated ? 're-created' : 'deleted'}`);
    if (isRecreated) {
      await eventually(() => migrateAll({ config, logger }).then(() => true), {
        deadlineMs: patienceMs,
        what: 'the topic made again',
      });
      await eventually(() => send('second').then(() => true), {
        deadlineMs: patienceMs,
        what: 'an event in the new topic',
      });
    }
    const get = async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const body = await eventually(
      async () => {
        const text = await get('/healthz/ready');
        if (!text.includes('stopped: ')) throw new NotYet(text);
        return text;
      },
      { deadlineMs: patienceMs, what: 'the readiness body to say stopped' },
    );
    if (!body.includes('restart the sink')) throw new Error(`no instruction in ${body}`);
    if (!/^ledgerline_sink_stopped(\{[^}]*\})? 1$/m.test(await get('/metrics')))
      throw new Error('the figures do not say that the sink stopped');
    const log = await readFile(join(instance.logDir, `${name}.log`), 'utf8');
    const code = /"code":"([a-z-]+)"/.exec(log)?.[1];
    if (code === undefined) throw new Error('the log does not say why the sink stopped');
    if ((await total()) !== 1) throw new Error('something was stored from a log that is not the one it was');
    return code;
  } finally {
    await sink?.stop();
    await corner.dispose();
    // It may be gone already, which is what this is about.
    await remove().catch(() => undefined); // tidy: a topic that is gone needs no removal
  }
}

export const logFaults = [poison, duplicates, changedLog];
