import type { Clock, UnitOfWork } from '@ledgerline/kernel';
import {
  CACHE,
  CLICKHOUSE,
  CLOCK,
  CONFIG,
  KAFKA,
  METRICS,
  POSTGRES,
  type Room,
  UNIT_OF_WORK,
} from '@ledgerline/platform';
import type { Cache } from '@ledgerline/platform/cache';
import { type ClickHouseClient, findClickHouseTrouble } from '@ledgerline/platform/clickhouse';
import type { Config } from '@ledgerline/platform/config';
import { createSealer } from '@ledgerline/platform/secrets';
import { type Kafka, LogEnds, topicsOf } from '@ledgerline/platform/kafka';
import { Counter, type Registry } from '@ledgerline/platform/telemetry';
import {
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import type { Platform } from '@ledgerline/platform/nest';
import {
  METER_USE,
  type MeterStore,
  type MeterUseLookup,
  type MeterVersionStore,
  SUBJECT_NAMES,
  type SubjectNamesLookup,
  USAGE_ATTRIBUTION,
  type UsageAttributionLookup,
  type UsageStore,
} from './core/ports.js';
import type { CompletenessStore, EventStore, UsageLogEnds } from './core/event-ports.js';
import { EventsController } from './http/events.controller.js';
import { liveUsageToApi } from './http/insight-convert.js';
import { InsightController } from './http/insight.controller.js';
import { InfoController } from './http/info.controller.js';
import { MeterQueriesController } from './http/meter-queries.controller.js';
import { MetersController } from './http/meters.controller.js';
import { CachedProgressStore } from './store/cached-progress-store.js';
import { PortalController } from './http/portal.controller.js';
import { ClickHouseLostPast } from './store/clickhouse-lost-past.js';
import { ClickHouseMeterValuesStore } from './store/clickhouse-meter-values-store.js';
import { ClickHouseQueryWatch } from './store/clickhouse-query-watch.js';
import { ClickHouseCompletenessStore } from './store/clickhouse-completeness-store.js';
import { ClickHouseEventStore } from './store/clickhouse-event-store.js';
import { ClickHouseUsageStore } from './store/clickhouse-usage-store.js';
import { JwtPortalTokenFormat } from './store/jwt-portal-token-format.js';
import { PostgresMeterStore } from './store/postgres-meter-store.js';
import { PostgresMeterVersionStore } from './store/postgres-meter-version-store.js';
import { PostgresPortalTokenStore } from './store/postgres-portal-token-store.js';
import * as tokens from './tokens.js';
import { CreateMeter } from './use-cases/create-meter.js';
import { DeclareMeters } from './use-cases/declare-meters.js';
import { DeleteMeter } from './use-cases/delete-meter.js';
import { ExplainEvent } from './use-cases/explain-event.js';
import { ListEvents } from './use-cases/list-events.js';
import { ListMeterValues } from './use-cases/list-meter-values.js';
import { ManagePortalTokens, type PortalPorts } from './use-cases/manage-portal-tokens.js';
import { NameSubjects } from './use-cases/name-subjects.js';
import { QueryMeter } from './use-cases/query-meter.js';
import type { UsagePorts } from './use-cases/usage-ports.js';
import { QueryPortalMeter } from './use-cases/query-portal-meter.js';
import { QueryUsage } from './use-cases/query-usage.js';
import { QueryUsageByGroup } from './use-cases/query-usage-by-group.js';
import { ReadCompleteness } from './use-cases/read-completeness.js';
import { ReadMeters } from './use-cases/read-meters.js';
import { TrackProgress } from './use-cases/track-progress.js';
import { WatchMeter } from './use-cases/watch-meter.js';
import { UpdateMeter } from './use-cases/update-meter.js';

/** Meters of the configuration file belong to the namespace that requests without a key act in. */
const configuredNamespace = 'default';

const stores: readonly Provider[] = [
  { provide: tokens.METER_STORE, useFactory: () => new PostgresMeterStore() },
  {
    provide: tokens.METER_VERSION_STORE,
    inject: [POSTGRES],
    useFactory: (source: Platform['postgres']) => new PostgresMeterVersionStore(source),
  },
  {
    provide: tokens.USAGE_STORE,
    inject: [CLICKHOUSE],
    useFactory: (client: ClickHouseClient) => new ClickHouseUsageStore(client),
  },
  {
    provide: tokens.COMPLETENESS_STORE,
    inject: [CLICKHOUSE],
    useFactory: (client: ClickHouseClient) => new ClickHouseCompletenessStore(client),
  },
  {
    provide: tokens.USAGE_LOG_ENDS,
    inject: [KAFKA, CONFIG],
    useFactory: (kafka: Kafka, config: Config) =>
      new LogEnds(kafka, topicsOf(config.kafka.topicPrefix).usageEvents),
  },
  {
    provide: tokens.EVENT_STORE,
    inject: [CLICKHOUSE],
    useFactory: (client: ClickHouseClient) => new ClickHouseEventStore(client),
  },
  {
    provide: tokens.USAGE_PORTS,
    inject: [
      UNIT_OF_WORK,
      tokens.METER_STORE,
      tokens.METER_VERSION_STORE,
      tokens.USAGE_STORE,
      USAGE_ATTRIBUTION,
      CONFIG,
    ],
    useFactory: (
      ...[unitOfWork, meters, versions, usage, attribution, config]: [
        UnitOfWork,
        MeterStore,
        MeterVersionStore,
        UsageStore,
        UsageAttributionLookup,
        Config,
      ]
    ): UsagePorts => ({
      unitOfWork,
      meters,
      versions,
      usage,
      attribution,
      partitions: config.kafka.partitions,
    }),
  },
];

const useCases: readonly Provider[] = [
  {
    provide: tokens.TRACK_PROGRESS,
    inject: [CACHE, CLICKHOUSE, CLOCK, METRICS],
    useFactory: (...[cache, client, clock, metrics]: [Cache, ClickHouseClient, Clock, Registry]) => {
      const failures = new Counter({
        name: 'ledgerline_progress_failures_total',
        help: 'Times that progress of a query could not be seen, kept or found.',
        registers: [metrics],
      });
      return new TrackProgress({
        store: new CachedProgressStore(cache),
        watch: new ClickHouseQueryWatch(client),
        clock,
        onTrouble: () => {
          failures.inc();
        },
      });
    },
  },
  {
    provide: tokens.CREATE_METER,
    inject: [UNIT_OF_WORK, tokens.METER_STORE],
    useFactory: (unitOfWork: UnitOfWork, meters: MeterStore) => new CreateMeter(unitOfWork, meters),
  },
  {
    provide: tokens.READ_METERS,
    inject: [UNIT_OF_WORK, tokens.METER_STORE],
    useFactory: (unitOfWork: UnitOfWork, meters: MeterStore) => new ReadMeters(unitOfWork, meters),
  },
  {
    provide: tokens.UPDATE_METER,
    inject: [UNIT_OF_WORK, tokens.METER_STORE, METER_USE, CLICKHOUSE],
    useFactory: (
      ...[unitOfWork, meters, use, client]: [UnitOfWork, MeterStore, MeterUseLookup, ClickHouseClient]
    ) => new UpdateMeter(unitOfWork, meters, use, new ClickHouseLostPast(client)),
  },
  {
    provide: tokens.DELETE_METER,
    inject: [UNIT_OF_WORK, tokens.METER_STORE, METER_USE],
    useFactory: (unitOfWork: UnitOfWork, meters: MeterStore, use: MeterUseLookup) =>
      new DeleteMeter(unitOfWork, meters, use),
  },
  {
    provide: tokens.QUERY_METER,
    inject: [tokens.USAGE_PORTS, tokens.TRACK_PROGRESS],
    useFactory: (ports: UsagePorts, progress: TrackProgress) => new QueryMeter(ports, progress),
  },
  {
    provide: tokens.NAME_SUBJECTS,
    inject: [UNIT_OF_WORK, SUBJECT_NAMES],
    useFactory: (unitOfWork: UnitOfWork, names: SubjectNamesLookup) => new NameSubjects(unitOfWork, names),
  },
  {
    provide: tokens.PORTAL_PORTS,
    inject: [UNIT_OF_WORK, tokens.METER_STORE, CONFIG],
    useFactory: (unitOfWork: UnitOfWork, meters: MeterStore, config: Config): PortalPorts => ({
      unitOfWork,
      meters,
      tokens: new PostgresPortalTokenStore(createSealer(config.secrets.keys)),
      format: new JwtPortalTokenFormat(),
      settings: { ...config.portal, canSeal: config.secrets.keys !== '' },
    }),
  },
  {
    provide: tokens.MANAGE_PORTAL_TOKENS,
    inject: [tokens.PORTAL_PORTS],
    useFactory: (ports: PortalPorts) => new ManagePortalTokens(ports),
  },
  {
    provide: tokens.QUERY_PORTAL_METER,
    inject: [tokens.PORTAL_PORTS, tokens.QUERY_METER, CLOCK],
    useFactory: (ports: PortalPorts, queryMeter: QueryMeter, clock: Clock) =>
      new QueryPortalMeter(ports, queryMeter, clock),
  },
  {
    provide: tokens.LIST_METER_VALUES,
    inject: [UNIT_OF_WORK, tokens.METER_STORE, CLICKHOUSE, CLOCK],
    useFactory: (...[unitOfWork, meters, client, clock]: [UnitOfWork, MeterStore, ClickHouseClient, Clock]) =>
      new ListMeterValues({ unitOfWork, meters, values: new ClickHouseMeterValuesStore(client), clock }),
  },
  {
    provide: tokens.QUERY_USAGE,
    inject: [tokens.USAGE_PORTS],
    useFactory: (ports: UsagePorts) => new QueryUsage(ports),
  },
  {
    provide: tokens.QUERY_USAGE_BY_GROUP,
    inject: [tokens.USAGE_PORTS],
    useFactory: (ports: UsagePorts) => new QueryUsageByGroup(ports),
  },
  {
    provide: tokens.LIST_EVENTS,
    inject: [tokens.USAGE_PORTS, tokens.EVENT_STORE, CLOCK, tokens.TRACK_PROGRESS],
    useFactory: (...[ports, events, clock, progress]: [UsagePorts, EventStore, Clock, TrackProgress]) =>
      new ListEvents({ ...ports, events, clock, progress }),
  },
  {
    provide: tokens.EXPLAIN_EVENT,
    inject: [tokens.USAGE_PORTS, tokens.EVENT_STORE, tokens.COMPLETENESS_STORE, tokens.USAGE_LOG_ENDS, CLOCK],
    useFactory: (
      ...[ports, events, completeness, log, clock]: [
        UsagePorts,
        EventStore,
        CompletenessStore,
        UsageLogEnds,
        Clock,
      ]
    ) => new ExplainEvent({ ...ports, events, completeness, log, clock }),
  },
  {
    provide: tokens.READ_COMPLETENESS,
    inject: [tokens.COMPLETENESS_STORE, tokens.USAGE_LOG_ENDS, CLOCK],
    useFactory: (store: CompletenessStore, log: UsageLogEnds, clock: Clock) =>
      new ReadCompleteness({ store, log, clock }),
  },
  {
    provide: tokens.WATCH_METER,
    inject: [tokens.QUERY_METER, METRICS],
    useFactory: (query: QueryMeter, metrics: Registry) => {
      const failures = new Counter({
        name: 'ledgerline_live_failures_total',
        help: 'Times that a live value could not be read.',
        registers: [metrics],
      });
      return new WatchMeter({
        ask: (namespace, idOrSlug, input) => query.run(namespace, idOrSlug, input),
        toText: (answer) => JSON.stringify(liveUsageToApi(answer)),
        onTrouble: () => {
          failures.inc();
        },
      });
    },
  },
  {
    provide: tokens.DECLARE_METERS,
    inject: [UNIT_OF_WORK, tokens.METER_STORE, tokens.CREATE_METER, tokens.UPDATE_METER],
    useFactory: (
      ...[unitOfWork, meters, create, update]: [UnitOfWork, MeterStore, CreateMeter, UpdateMeter]
    ) => new DeclareMeters({ unitOfWork, meters, create, update }),
  },
];

@Module({
  controllers: [
    MetersController,
    MeterQueriesController,
    EventsController,
    InsightController,
    InfoController,
    PortalController,
  ],
  providers: [...stores, ...useCases],
  exports: [
    tokens.METER_STORE,
    tokens.QUERY_USAGE,
    tokens.QUERY_USAGE_BY_GROUP,
    tokens.TRACK_PROGRESS,
    tokens.READ_METERS,
    tokens.DECLARE_METERS,
  ],
})
export class MeteringModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(tokens.DECLARE_METERS) private readonly declareMeters: DeclareMeters,
    @Inject(tokens.WATCH_METER) private readonly watchMeter: WatchMeter,
    @Inject(tokens.USAGE_LOG_ENDS) private readonly logEnds: LogEnds,
  ) {}

  /** Before the HTTP server closes, which waits for the connections that streams hold. */
  async onModuleDestroy(): Promise<void> {
    this.watchMeter.close();
    await this.logEnds.close();
  }

  async onApplicationBootstrap(): Promise<void> {
    const trouble = await findClickHouseTrouble(this.clickhouse);
    if (trouble !== undefined) throw new Error(trouble);
    await this.declareMeters.run(configuredNamespace, this.config.meters);
  }
}

export const meteringRoom: Room = {
  name: 'metering',
  module: MeteringModule,
  ports: [METER_USE, SUBJECT_NAMES, USAGE_ATTRIBUTION],
};
