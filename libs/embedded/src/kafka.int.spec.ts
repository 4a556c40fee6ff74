import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEngine } from './engine.js';
import { startKafka } from './kafka.js';
import { freePortBlock } from './ports.js';

describe('the embedded Kafka, through kafkajs', () => {
  let dir: string;
  let engine: RunningEngine;
  let start: () => Promise<RunningEngine>;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kafka-'));
    const port = await freePortBlock(2);
    start = () =>
      startKafka({ dataDir: join(dir, 'data'), port, controllerPort: port + 1, logFile: join(dir, 'log') });
    engine = await start();
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  // Short pauses: kafkajs waits ten seconds in all by default before it gives a refusal on.
  const retry = { retries: 10, initialRetryTime: 50, maxRetryTime: 200 };
  const kafka = () => new Kafka({ brokers: [engine.url], logLevel: logLevel.NOTHING, retry });

  async function produce(topic: string, values: readonly string[]): Promise<void> {
    const producer = kafka().producer({ idempotent: true });
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition: 0 })) });
    await producer.disconnect();
  }

  /** Every record of the topic, read by a group of its own. */
  async function consume(topic: string, count: number): Promise<string[]> {
    const consumer = kafka().consumer({
      groupId: `g-${count}-${Date.now()}`,
      // A broker that has just started loads its group coordinator for a while and says so until then.
      retry: { ...retry, restartOnFailure: () => Promise.resolve(true) },
    });
    const values: string[] = [];
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        // The library starts again by itself where that can help.
        consumer.on('consumer.crash', ({ payload }) => {
          if (!payload.restart) reject(payload.error);
        });
        consumer
          .run({
            eachMessage: ({ message }) => {
              values.push(String(message.value));
              if (values.length === count) resolve();
              return Promise.resolve();
            },
          })
          .catch(reject);
      });
    } finally {
      // Also after a failure: a consumer left behind would keep the whole run from ending.
      await consumer.disconnect();
    }
    return values;
  }

  it('creates topics on request only', async () => {
    const admin = kafka().admin();
    await admin.connect();
    try {
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          {
            topic: 'kept',
            numPartitions: 1,
            configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
          },
        ],
      });
      await expect(produce('misspelt', ['x'])).rejects.toThrow();
      expect((await admin.listTopics()).sort()).not.toContain('misspelt');
    } finally {
      await admin.disconnect();
    }
  }, 30_000);

  it('hands on what was acknowledged, also after a SIGKILL and a new start on the same directory', async () => {
    const first = Array.from({ length: 500 }, (_, index) => `first ${index}`);
    await produce('kept', first);
    expect(await consume('kept', 500)).toEqual(first);

    process.kill(engine.pid, 'SIGKILL');
    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
    engine = await start();
    const second = ['after the crash'];
    await produce('kept', second);
    expect(await consume('kept', 501)).toEqual([...first, ...second]);
  }, 90_000);
});
