import { type Refusal, refusal } from '@ledgerline/kernel';
import {
  type BuildReadings,
  type CustomerKeys,
  METER_USE,
  MeteringModule,
  openReadingsBuilder,
  SUBJECT_NAMES,
  USAGE_ATTRIBUTION,
} from '@ledgerline/metering';
import { type FixedClock, RoomWorld } from '@ledgerline/testkit';
import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { CatalogModule } from '../src/catalog.module.js';
import { FEATURE_REFERENCES, METER_ENTITLEMENTS } from '../src/tokens.js';
import { LookUpMeterUse } from '../src/use-cases/look-up-meter-use.js';

export interface Answer {
  readonly status: number;
  /** Specs look into it freely. */
  readonly body: any;
}

/** What the rooms above would answer; a spec sets it. */
export interface Neighbours {
  readonly subscribedFeatures: Set<string>;
  readonly entitlementsOnMeter: Map<string, number>;
  readonly customers: CustomerKeys[];
}

export interface TestEvent {
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly data?: unknown;
}

/** Catalog and metering on real engines: a corner of their own, HTTP on a free port. */
export class CatalogWorld {
  private events = 0;
  readonly builder: BuildReadings;

  private constructor(
    private readonly world: RoomWorld,
    readonly neighbours: Neighbours,
  ) {
    const { clickhouse, config, postgres } = world.platform;
    this.builder = openReadingsBuilder({ clickhouse, postgres, partitions: config.kafka.partitions });
  }

  static async open(now = '2025-06-15T12:00:00Z'): Promise<CatalogWorld> {
    const neighbours: Neighbours = {
      subscribedFeatures: new Set(),
      entitlementsOnMeter: new Map(),
      customers: [],
    };
    const modules = [MeteringModule, CatalogModule];
    const joints = jointsOf(neighbours);
    return new CatalogWorld(
      await RoomWorld.open({ service: 'catalog-spec', now, modules, joints }),
      neighbours,
    );
  }

  close(): Promise<void> {
    return this.world.close();
  }

  get clock(): FixedClock {
    return this.world.clock;
  }

  get postgres(): DataSource {
    return this.world.platform.postgres;
  }

  /** A path of the API v1, or one that begins with `/api`. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    return this.world.call(method, path.startsWith('/api/') ? path.slice(4) : `/v1${path}`, body);
  }

  /** The answer's body; throws what was refused. */
  async create(path: string, body?: unknown): Promise<Answer['body']> {
    const answer = await this.call('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Events as the sink would store them, in one batch. */
  async store(events: readonly TestEvent[]): Promise<void> {
    const rows = events.map((event) => {
      this.events += 1;
      const at = '2025-06-15 12:00:00.000';
      return {
        namespace: 'default',
        id: `e${this.events}`,
        source: 'spec',
        type: event.type,
        subject: event.subject ?? 's1',
        time: event.time.replace('T', ' ').replace('Z', ''),
        data: event.data === undefined ? '' : JSON.stringify(event.data),
        data_sent: '',
        has_data: event.data === undefined ? 0 : 1,
        ingested_at: at,
        stored_at: at,
        status: 'ok',
        reason: '',
        kafka_partition: 0,
        kafka_offset: this.events,
        index_in_record: 0,
        fingerprint: String(this.events),
        batch_month: 202506,
      };
    });
    await this.world.platform.clickhouse.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
  }

  /** Types of a stream's facts, in order. */
  async factsOf(stream: string): Promise<string[]> {
    const rows: { type: string }[] = await this.postgres.query(
      'SELECT type FROM journal WHERE stream = $1 ORDER BY version',
      [stream],
    );
    return rows.map(({ type }) => type);
  }
}

const jointsOf = (neighbours: Neighbours): readonly Provider[] => [
  {
    provide: USAGE_ATTRIBUTION,
    useValue: {
      customersById: (_db: unknown, ids: readonly string[]) =>
        Promise.resolve(neighbours.customers.filter(({ id }) => ids.includes(id))),
      customerIdsOfSubjects: () => Promise.resolve(new Map()),
    },
  },
  { provide: SUBJECT_NAMES, useValue: { subjectNames: () => Promise.resolve(new Map()) } },
  { provide: METER_USE, useExisting: LookUpMeterUse },
  {
    provide: FEATURE_REFERENCES,
    useValue: {
      check: (_db: unknown, { key }: { key: string }): Promise<Refusal | undefined> =>
        Promise.resolve(
          neighbours.subscribedFeatures.has(key) ? refusal.invalid(`${key} is subscribed to`) : undefined,
        ),
    },
  },
  {
    provide: METER_ENTITLEMENTS,
    useValue: {
      countOnMeter: (_db: unknown, meterId: string) =>
        Promise.resolve(neighbours.entitlementsOnMeter.get(meterId) ?? 0),
    },
  },
];
