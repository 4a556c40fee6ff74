import type { RetentionOutcome } from '@ledgerline/metering';
import { ReadingsPump, type ReadingsBuilder, Sink, SinkEventsStore } from '@ledgerline/sink';
import type { EventsStore } from '@ledgerline/sink/core';
import {
  type ClickHouseClient,
  findClickHouseTrouble,
  openClickHouse,
} from '@ledgerline/platform/clickhouse';
import type { Config } from '@ledgerline/platform/config';
import { openKafka, topicsOf } from '@ledgerline/platform/kafka';
import { createMetrics, type Logger, openTraces, startTelemetryServer } from '@ledgerline/platform/telemetry';
import { resolve } from 'node:path';
import { codec } from './codec.js';
import { KafkaUsageLog } from './kafka-usage-log.js';
import { Retention } from './retention.js';
import { watchStorage } from './storage-metrics.js';
import { SinkMetrics } from './sink-metrics.js';
import { Watch } from './watch.js';

export interface RunningSink {
  readonly telemetryPort: number;
  /** Lets the insert under way finish, leaves the group and closes all connections. */
  close(): Promise<void>;
}

/** What turns stored events into readings, with its connections. */
export interface Readings extends ReadingsBuilder {
  /** Lets old months leave; undefined when somebody builds readings at the moment. */
  retain(nowMs: number): Promise<RetentionOutcome | undefined>;
  /** Ends a run of `advance` after the step it is at. */
  stop(): void;
  close(): Promise<void>;
}

export type OpenReadings = (config: Config, clickhouse: ClickHouseClient, logger: Logger) => Readings;

const service = 'sink';
const dayMs = 24 * 60 * 60 * 1000;

/** Only the tests that prove what the real store is good for give another one. */
type OpenStore = (clickhouse: ClickHouseClient) => EventsStore;

export async function startSink(
  config: Config,
  logger: Logger,
  openReadings: OpenReadings,
  openStore: OpenStore = (clickhouse) => new SinkEventsStore(clickhouse),
): Promise<RunningSink> {
  const registry = createMetrics(service);
  const traces = await openTraces({
    service,
    endpoint: config.telemetry.tracesEndpoint,
    sampleRatio: config.telemetry.tracesSampleRatio,
    logger,
    registry,
  });
  const metrics = new SinkMetrics(registry, logger, traces);
  const clickhouse = openClickHouse({ ...config.clickhouse, service });
  const readings = openReadings(config, clickhouse, logger);
  const pump = new ReadingsPump(readings, (reason) => metrics.readingsFailed(reason));
  const topic = topicsOf(config.kafka.topicPrefix).usageEvents;
  const log: KafkaUsageLog = new KafkaUsageLog({
    kafka: openKafka({
      brokers: config.kafka.brokers,
      service,
      logger,
      // A new assignment compares the log with what is stored.
      onUnknownTopic: () => log.rejoin(),
    }),
    topic,
    groupId: `${config.kafka.topicPrefix}ledgerline-sink`,
    logger,
  });
  const sink = new Sink(
    { log, store: openStore(clickhouse), readings: pump, observer: metrics, codec },
    {
      batchRowsMax: config.sink.batchRowsMax,
      batchBytesMax: config.sink.batchBytesMax,
      batchWaitMs: config.sink.batchWaitMs,
      dedupeWindowMs: config.sink.dedupeDays * dayMs,
      filterBytesMax: config.sink.bloomBytesMax,
    },
  );
  metrics.watch(registry, sink);
  watchStorage(registry, clickhouse, resolve(config.instance.dataDir));
  const retention = new Retention({
    retain: (nowMs) => readings.retain(nowMs),
    isOn: config.retention.eventsMonths > 0 || config.retention.readingsMonths > 0,
    everyMs: config.retention.checkEveryMs,
    registry,
    logger,
  });
  const watch = new Watch({ sink, log, pump, metrics, logger });
  const telemetry = await startTelemetryServer({
    host: config.telemetry.host,
    port: config.sink.telemetryPort,
    registry,
    checks: [
      { name: 'partitions', run: () => Promise.resolve(sink.trouble() ?? log.trouble()) },
      { name: 'kafka', run: () => Promise.resolve(watch.trouble()) },
      { name: 'clickhouse', run: () => findClickHouseTrouble(clickhouse) },
      { name: 'readings', run: () => Promise.resolve(pump.trouble) },
      { name: 'duplicate filters', run: () => Promise.resolve(filterTrouble(sink)) },
    ],
  });
  await sink.run();
  watch.start();
  retention.start();
  return {
    telemetryPort: telemetry.port,
    close: async () => {
      await watch.stop();
      await retention.stop();
      readings.stop();
      await sink.close();
      await readings.close();
      await clickhouse.close();
      await traces?.close();
      await telemetry.close();
    },
  };
}

function filterTrouble(sink: Sink): string | undefined {
  const { keysOverBudget } = sink.filterUse();
  if (keysOverBudget === 0) return undefined;
  return (
    `sink.bloomBytesMax is too small for sink.dedupeDays: ${keysOverBudget} events are over it. ` +
    'Nothing is counted twice, but ever more events need a look into the table'
  );
}
