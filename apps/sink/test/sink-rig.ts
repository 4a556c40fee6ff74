import { encodeUsageRecord, type UsageEvent, usagePartition } from '@ledgerline/contract';
import {
  ReadingsPump,
  type ReadingsBuilder,
  Sink,
  type SinkCodec,
  SinkEventsStore,
  type SinkFault,
  type SinkSettings,
} from '@ledgerline/sink';
import type { EventsStore } from '@ledgerline/sink/core';
import { type ClickHouseClient, openClickHouse } from '@ledgerline/platform/clickhouse';
import { openKafka } from '@ledgerline/platform/kafka';
import { createLogger } from '@ledgerline/platform/telemetry';
import { isolated, type EngineAddresses } from '@ledgerline/testkit';
import { readFile } from 'node:fs/promises';
import { codec } from '../src/codec.js';
import { KafkaUsageLog } from '../src/kafka-usage-log.js';

const dayMs = 24 * 60 * 60 * 1000;
const migration = new URL('../../../libs/sink/migrations/clickhouse/001-events.sql', import.meta.url);
const silent = createLogger({ service: 'sink-test', level: 'silent' });

export const defaultSettings: SinkSettings = {
  batchRowsMax: 20_000,
  batchBytesMax: 64 * 1024 * 1024,
  batchWaitMs: 50,
  dedupeWindowMs: 32 * dayMs,
  filterBytesMax: 64 * 1024 * 1024,
};

export interface StoredRow {
  readonly kafka_partition: number;
  readonly kafka_offset: number;
  readonly index_in_record: number;
  readonly status: string;
  readonly id: string;
  readonly reason: string;
}

export interface SinkUnderTest {
  readonly sink: Sink;
  readonly faults: readonly SinkFault[];
  readonly causes: readonly string[];
  readonly stored: () => number;
  stop(): Promise<void>;
}

export interface SinkOptions {
  readonly settings?: Partial<SinkSettings>;
  readonly clickhouseUrl?: string;
  readonly codec?: SinkCodec;
  readonly readings?: ReadingsBuilder;
  /** Stands in for the real store: the naive modes. */
  readonly openStore?: (client: ClickHouseClient) => EventsStore;
}

/** Creates the tables of the events migration in the client's database. */
export async function migrateEvents(clickhouse: ClickHouseClient): Promise<void> {
  const statements = (await readFile(migration, 'utf8')).split(/;\s*$/m).filter((text) => /\S/.test(text));
  for (const query of statements) await clickhouse.command({ query });
}

let made = 0;
/** A usage event; ids never repeat within a run unless they are given. */
export function usage(changes: Partial<UsageEvent> = {}): UsageEvent {
  made += 1;
  const nowMs = Date.now();
  return {
    namespace: 'default',
    ingestedAtMs: nowMs,
    id: `event-${made}`,
    source: 'rig',
    type: 'tokens',
    subject: 'customer-1',
    timeSeconds: Math.floor(nowMs / 1000),
    data: '{"tokens":"1.5"}',
    dataSent: null,
    ...changes,
  };
}

/** A topic, tables and sinks of one spec on the shared engines. */
export async function openRig(options: { partitions?: number; engines?: EngineAddresses } = {}) {
  const partitions = options.partitions ?? 2;
  const corner = await isolated(options.engines);
  const topic = `${corner.kafkaTopicPrefix}usage-events`;
  const logs: KafkaUsageLog[] = [];
  const kafka = openKafka({
    brokers: corner.kafkaBrokers,
    service: 'sink-test',
    logger: silent,
    onUnknownTopic: () => logs.forEach((log) => log.rejoin()),
  });
  const admin = kafka.admin();
  const producer = kafka.producer();
  const openClient = (url = corner.clickhouseUrl): ClickHouseClient =>
    openClickHouse({
      url,
      database: corner.clickhouseDatabase,
      user: 'default',
      password: '',
      service: 'test',
    });
  const clickhouse = openClient();
  await Promise.all([admin.connect(), producer.connect(), migrateEvents(clickhouse)]);
  const createTopic = async (): Promise<void> => {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions: partitions,
          configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
        },
      ],
    });
  };
  await createTopic();
  const sinks: SinkUnderTest[] = [];

  const query = async <T>(text: string): Promise<T[]> =>
    (await clickhouse.query({ query: text, format: 'JSONEachRow' })).json<T>();

  const rig = {
    corner,
    topic,
    admin,
    partitions,
    clickhouse,
    openClient,
    createTopic,
    query,

    /** One record with these bytes; gives its offset. */
    async sendRaw(partition: number, value: Buffer | null): Promise<number> {
      const [sent] = await producer.send({ topic, acks: -1, messages: [{ partition, value }] });
      return Number(sent!.baseOffset);
    },
    async sendTo(partition: number, events: readonly UsageEvent[]): Promise<number> {
      return rig.sendRaw(partition, encodeUsageRecord(events));
    },
    /** Removes the records before `offset`, as retention does. */
    async trimLog(partition: number, offset: number): Promise<void> {
      // kafkajs finds the leader only of topics it has asked about before.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    /** Each event to the partition of its identity, `perRecord` in a record. */
    async send(events: readonly UsageEvent[], perRecord = 100): Promise<void> {
      const byPartition = new Map<number, UsageEvent[]>();
      for (const event of events) {
        const partition = usagePartition(event.namespace, event.source, event.id, partitions);
        byPartition.set(partition, [...(byPartition.get(partition) ?? []), event]);
      }
      const messages = [...byPartition].flatMap(([partition, some]) =>
        Array.from({ length: Math.ceil(some.length / perRecord) }, (_, n) => ({
          partition,
          value: encodeUsageRecord(some.slice(n * perRecord, (n + 1) * perRecord)),
        })),
      );
      await producer.send({ topic, acks: -1, messages });
    },

    rows: () =>
      query<StoredRow>(
        `SELECT kafka_partition, toInt32(kafka_offset) AS kafka_offset, index_in_record, status, id, reason
         FROM events ORDER BY kafka_partition, kafka_offset, index_in_record`,
      ),
    async counts(): Promise<Record<string, number>> {
      const rows = await query<{ status: string; n: number }>(
        'SELECT status, toUInt32(count()) AS n FROM events GROUP BY status',
      );
      return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
    },
    async total(): Promise<number> {
      return Object.values(await rig.counts()).reduce((sum, n) => sum + n, 0);
    },
    /** Names of all parts of `events` there are or were; merged ones stay listed for minutes. */
    async parts(): Promise<string[]> {
      const rows = await query<{ name: string }>(
        `SELECT name FROM system.parts WHERE table = 'events' AND level = 0 AND database = '${corner.clickhouseDatabase}'`,
      );
      return rows.map(({ name }) => name);
    },

    async startSink(given: SinkOptions = {}): Promise<SinkUnderTest> {
      const client = openClient(given.clickhouseUrl);
      const faults: SinkFault[] = [];
      const causes: string[] = [];
      let stored = 0;
      const log = new KafkaUsageLog({
        kafka,
        topic,
        groupId: `${corner.kafkaTopicPrefix}ledgerline-sink`,
        logger: silent,
      });
      logs.push(log);
      const sink = new Sink(
        {
          log,
          store: given.openStore?.(client) ?? new SinkEventsStore(client),
          readings: new ReadingsPump(given.readings ?? { advance: () => Promise.resolve() }, () => undefined),
          codec: given.codec ?? codec,
          observer: {
            stored: (batch) => (stored += batch.ok + batch.duplicate + batch.invalid),
            restarted: (cause) => causes.push(cause),
            refused: () => undefined,
            acquired: () => undefined,
            faulted: (fault) => faults.push(fault),
            readingsFailed: () => undefined,
          },
        },
        { ...defaultSettings, ...given.settings },
      );
      let stopping: Promise<void> | undefined;
      const under: SinkUnderTest = {
        sink,
        faults,
        causes,
        stored: () => stored,
        stop: () =>
          (stopping ??= (async () => {
            await sink.close();
            await client.close();
          })()),
      };
      sinks.push(under);
      await sink.run();
      return under;
    },

    async dispose(): Promise<void> {
      await Promise.all(sinks.map((sink) => sink.stop()));
      await Promise.all([producer.disconnect(), admin.disconnect(), clickhouse.close()]);
      await corner.dispose();
    },
  };
  return rig;
}

export type SinkRig = Awaited<ReturnType<typeof openRig>>;
