import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, type Isolated, isolated } from '@ledgerline/testkit';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern } from '@nestjs/microservices';
import type { Admin, Kafka } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Notice } from '../notice.js';
import { CompactedPublisher } from './compacted-publisher.js';
import { type CompactedFollower, followCompacted } from './follow-compacted.js';
import { readGroupLag } from './group-lag.js';
import { NoticeErrors } from './notice-errors.js';
import { KafkaNoticePublisher } from './notice-publisher.js';
import { NoticeTransport } from './notice-transport.js';
import { openKafka } from './open-kafka.js';
import { ensureTopics, topicsOf } from './topics.js';

const logger = pino({ level: 'silent' });
let corner: Isolated;
let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  corner = await isolated();
  kafka = openKafka({ brokers: corner.kafkaBrokers, service: 'spec', logger });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await corner.dispose();
});

const topicOptions = { partitions: 3, eventBytesMax: 1_000_000 };

describe('ensureTopics', () => {
  it('creates what is missing, once, and refuses another number of partitions', async () => {
    const options = { ...topicOptions, topicPrefix: `${corner.kafkaTopicPrefix}a.` };
    expect(await ensureTopics(admin, options)).toHaveLength(5);
    expect(await ensureTopics(admin, options)).toEqual([]);
    await expect(ensureTopics(admin, { ...options, partitions: 4 })).rejects.toThrow(
      /usage-events has 3 partitions but kafka.partitions asks for 4/,
    );
  });
});

describe('NoticeTransport', () => {
  const handled: string[] = [];
  let failuresLeft = 0;

  @Controller()
  class FirstListener {
    @EventPattern('Made')
    onMade(notice: Notice): Promise<void> {
      if (notice.data === 'bad' && failuresLeft-- > 0) return Promise.reject(new Error('not now'));
      handled.push(`first ${notice.stream} ${notice.version}`);
      return Promise.resolve();
    }
  }
  @Controller()
  class SecondListener {
    @EventPattern('Made')
    async onMade(notice: Notice): Promise<void> {
      await Promise.resolve();
      handled.push(`second ${notice.stream} ${notice.version}`);
    }
  }
  @Module({ controllers: [FirstListener, SecondListener] })
  class Listeners {}

  let prefix = '';
  let count = 0;
  let metrics: Registry;
  let transport: NoticeTransport;
  let app: INestMicroservice;
  let publisher: KafkaNoticePublisher;
  const groupId = () => `${prefix}group`;

  async function start(): Promise<void> {
    metrics = new Registry();
    transport = new NoticeTransport({
      kafka,
      topic: topicsOf(prefix).notices,
      groupId: groupId(),
      logger,
      metrics,
    });
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and reads them as a record
    app = await NestFactory.createMicroservice(Listeners, { strategy: transport, logger: false });
    app.useGlobalFilters(new NoticeErrors());
    await app.listen();
  }
  beforeEach(async () => {
    handled.length = 0;
    failuresLeft = 0;
    prefix = `${corner.kafkaTopicPrefix}n${(count += 1)}.`;
    await ensureTopics(admin, { ...topicOptions, topicPrefix: prefix });
    publisher = new KafkaNoticePublisher(kafka, topicsOf(prefix).notices);
    await start();
  });
  afterEach(async () => {
    await app.close();
    await publisher.close();
  });

  const notice = (stream: string, version: number, data: string, type = 'Made'): Notice => ({
    id: `default/${stream}/${version}`,
    namespace: 'default',
    stream,
    version,
    type,
    schema: 1,
    data,
    actor: 'tester',
    cause: null,
    occurredAt: '2025-01-01T00:00:00.000Z',
  });
  const countOf = async (outcome: string): Promise<number> => {
    const text = await metrics.getSingleMetricAsString('ledgerline_notices_total');
    return Number(new RegExp(`outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  const lag = () => readGroupLag(admin, topicsOf(prefix).notices, groupId());

  it('brings a notice to every method that names its type, in the order of its stream, and commits', async () => {
    await publisher.publish([notice('s:1', 1, ''), notice('s:1', 2, ''), notice('s:1', 3, '')]);
    await eventually(() => handled.length === 6, { what: 'six calls' });
    expect(handled.filter((line) => line.startsWith('first'))).toEqual([
      'first s:1 1',
      'first s:1 2',
      'first s:1 3',
    ]);
    expect(handled.filter((line) => line.startsWith('second'))).toHaveLength(3);
    await eventually(async () => (await lag()) === 0n, { what: 'the offsets to be committed' });
    expect(transport.trouble).toBeUndefined();
  });

  it('tries again after a throw, keeps the order, and says which notice is stuck', async () => {
    failuresLeft = 3;
    await publisher.publish([notice('s:2', 1, 'bad'), notice('s:2', 2, '')]);
    await eventually(() => transport.trouble, { what: 'the transport to say that it is stuck' });
    expect(transport.trouble).toMatch(/^notice default\/s:2\/1 \(Made\) failed \d times: not now$/);
    await eventually(() => handled.includes('first s:2 2'), { what: 'both notices' });
    expect(handled.filter((line) => line.startsWith('first'))).toEqual(['first s:2 1', 'first s:2 2']);
    expect(await countOf('retried')).toBe(3);
    expect(transport.trouble).toBeUndefined();
  });

  it('gives a notice whose handler never succeeded to the next process', async () => {
    failuresLeft = Number.MAX_SAFE_INTEGER;
    await publisher.publish([notice('s:3', 1, 'bad')]);
    await eventually(() => transport.trouble, { what: 'a failure' });
    await app.close();
    expect(await lag()).toBe(1n);
    failuresLeft = 0;
    await start();
    await eventually(() => handled.includes('first s:3 1'), { what: 'the notice to come again' });
  });

  it('counts a type nobody listens to and goes on', async () => {
    await publisher.publish([notice('s:4', 1, '', 'Unheard'), notice('s:4', 2, '')]);
    await eventually(() => handled.includes('first s:4 2'), { what: 'the notice behind it' });
    expect(await countOf('unhandled')).toBe(1);
  });

  it('counts what it cannot read and goes on', async () => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: topicsOf(prefix).notices, messages: [{ key: 'default/s:5', value: '{' }] });
    await producer.disconnect();
    await publisher.publish([notice('s:5', 2, '')]);
    await eventually(() => handled.includes('first s:5 2'), { what: 'the notice behind it' });
    expect(await countOf('unreadable')).toBe(1);
  });
});

describe('followCompacted', () => {
  it('has read to the end, as it was at the call, when caughtUp() resolves', async () => {
    const topicPrefix = `${corner.kafkaTopicPrefix}c.`;
    await ensureTopics(admin, { ...topicOptions, topicPrefix });
    const topic = topicsOf(topicPrefix).clock;
    const publisher = new CompactedPublisher(kafka, topic);
    await publisher.publish('now', '1');
    const seen = new Map<string, string | null>();
    const follow = (): Promise<CompactedFollower> =>
      followCompacted(kafka, topic, ({ key, value }) => void seen.set(key, value));
    const first = await follow();
    await first.caughtUp();
    expect(seen.get('now')).toBe('1');
    for (let value = 2; value <= 20; value += 1) {
      await publisher.publish('now', String(value));
      await first.caughtUp();
      expect(seen.get('now')).toBe(String(value));
    }
    seen.clear();
    const late = await follow();
    await late.caughtUp();
    expect(seen.get('now')).toBe('20');
    await Promise.all([first.close(), late.close(), publisher.close()]);
  });
});
