import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isolated, type Isolated } from '@ledgerline/testkit';
import { pino } from 'pino';
import { FakeLog } from './lane-fake-producer.js';
import { openLaneKafka, openRecordProducer } from './lane-kafka.js';
import type { RecordProducer } from './lane-producer.js';
import type { Kafka } from 'kafkajs';

jest.setTimeout(60_000);

/** A log that starts empty, with two partitions, and a way to read one of them. */
interface Bench {
  open(): Promise<RecordProducer>;
  read(partition: number): Promise<string[]>;
  dispose(): Promise<void>;
}

const fakeBench = (): Promise<Bench> => {
  const log = new FakeLog();
  return Promise.resolve({
    open: log.open,
    read: (partition) => Promise.resolve((log.records.get(partition) ?? []).map((value) => value.toString())),
    dispose: () => Promise.resolve(),
  });
};

async function realBench(): Promise<Bench> {
  const corner: Isolated = await isolated();
  const topic = `${corner.kafkaTopicPrefix}usage-events`;
  const kafka = openLaneKafka({
    brokers: corner.kafkaBrokers,
    service: 'lane-spec',
    logger: pino({ level: 'silent' }),
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
  return {
    open: () => openRecordProducer(kafka, topic),
    read: (partition) => readPartition(kafka, topic, partition),
    dispose: async () => {
      await admin.disconnect();
      await corner.dispose();
    },
  };
}

/** Everything that stands in a partition at this moment. */
async function readPartition(kafka: Kafka, topic: string, partition: number): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const end = Number(offsets.find((one) => one.partition === partition)?.high ?? 0);
  const values: string[] = [];
  if (end === 0) return values;
  const consumer = kafka.consumer({ groupId: `${topic}-${partition}-${Math.random()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: ({ partition: from, message }) => {
          if (from === partition) values.push(message.value?.toString() ?? '');
          if (values.length === end) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return values;
}

describe.each([
  ['the fake', fakeBench],
  ['kafkajs on a real broker', realBench],
])('a record producer: %s', (_, openBench) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.dispose());

  it('acknowledges with offsets that advance by one a record, and the records are there', async () => {
    const producer = await bench.open();
    const offsets: bigint[] = [];
    for (let n = 0; n < 20; n += 1) offsets.push((await producer.send(0, Buffer.from(`a${n}`))).baseOffset);
    expect(offsets).toEqual(offsets.map((_offset, n) => offsets[0]! + BigInt(n)));
    await producer.close();
    expect((await bench.read(0)).slice(Number(offsets[0]))).toEqual(
      Array.from({ length: 20 }, (_value, n) => `a${n}`),
    );
  });

  it('acknowledges every partition of sends made together with its own offset', async () => {
    const producer = await bench.open();
    const before = [(await bench.read(0)).length, (await bench.read(1)).length];
    const written = await Promise.all([
      producer.send(0, Buffer.from('left')),
      producer.send(1, Buffer.from('right')),
    ]);
    expect(written.map(({ baseOffset }) => Number(baseOffset))).toEqual(before);
    await producer.close();
    expect((await bench.read(0)).at(-1)).toBe('left');
    expect((await bench.read(1)).at(-1)).toBe('right');
  });

  it('keeps what two producers write one after the other', async () => {
    const [first, second] = [await bench.open(), await bench.open()];
    const a = await first.send(1, Buffer.from('one'));
    const b = await second.send(1, Buffer.from('two'));
    const c = await first.send(1, Buffer.from('three'));
    expect([b.baseOffset - a.baseOffset, c.baseOffset - b.baseOffset]).toEqual([1n, 1n]);
    await Promise.all([first.close(), second.close()]);
    expect((await bench.read(1)).slice(-3)).toEqual(['one', 'two', 'three']);
  });

  it('rejects after it was closed', async () => {
    const producer = await bench.open();
    await producer.close();
    await expect(producer.send(0, Buffer.from('late'))).rejects.toThrow();
    expect(await bench.read(0)).not.toContain('late');
  });
});
