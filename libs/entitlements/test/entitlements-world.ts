import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpSubjectNames,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import type { UnitOfWork } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import { type FixedClock, RoomWorld } from '@ledgerline/testkit';
import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { EntitlementsModule } from '../src/entitlements.module.js';
import { GuardDeletions } from '../src/use-cases/guard-deletions.js';
import { WriteForSubscription } from '../src/use-cases/write-for-subscription.js';

/** Nobody subscribes here, and no plan names a feature. */
const joints: readonly Provider[] = [
  {
    provide: CUSTOMER_SUBSCRIPTIONS,
    useValue: {
      activeOf: () => Promise.resolve(new Map()),
      customerIdsOnPlan: () => Promise.resolve([]),
    },
  },
  { provide: FEATURE_REFERENCES, useValue: { check: () => Promise.resolve(undefined) } },
  {
    provide: CUSTOMER_DELETION_GUARDS,
    inject: [GuardDeletions],
    useFactory: (guard: GuardDeletions) => [guard],
  },
  { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
  { provide: SUBJECT_NAMES, useExisting: LookUpSubjectNames },
  { provide: METER_USE, useExisting: LookUpMeterUse },
  { provide: METER_ENTITLEMENTS, useExisting: GuardDeletions },
];

/** Customers, metering, catalog and entitlements over HTTP on real engines. */
export class EntitlementsWorld {
  private events = 0;
  readonly call: RoomWorld['call'];
  readonly done: RoomWorld['done'];

  private constructor(private readonly world: RoomWorld) {
    this.call = world.call.bind(world);
    this.done = world.done.bind(world);
  }

  static async open(now: string): Promise<EntitlementsWorld> {
    const modules = [CustomersModule, MeteringModule, CatalogModule, EntitlementsModule];
    return new EntitlementsWorld(
      await RoomWorld.open({ service: 'entitlements-spec', now, modules, joints }),
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

  get unitOfWork(): UnitOfWork {
    return this.world.unitOfWork;
  }

  get writer(): WriteForSubscription {
    return this.world.app.get(WriteForSubscription);
  }

  /** A customer with one subject, and a feature that counts the requests of that name. */
  async setUp(name: string, aggregation = 'SUM'): Promise<{ customerId: string; featureId: string }> {
    await this.world.done('POST', '/v1/meters', {
      slug: name,
      eventType: name,
      aggregation,
      valueProperty: '$.value',
      groupBy: { model: '$.model' },
    });
    const feature = await this.world.done('POST', '/v1/features', { key: name, name, meterSlug: name });
    const customer = await this.world.done('POST', '/v1/customers', {
      name,
      key: `${name}-customer`,
      usageAttribution: { subjectKeys: [`${name}_subject`] },
    });
    return { customerId: customer.id, featureId: feature.id };
  }

  /** Stores events as the sink would. */
  async store(
    events: readonly {
      type: string;
      subject: string;
      time: string;
      value?: number | string;
      model?: string;
    }[],
  ): Promise<void> {
    const rows = events.map(({ type, subject, time, ...data }) => {
      const number = this.events;
      this.events += 1;
      const second = time.replace('T', ' ').replace('Z', '');
      return {
        namespace: 'default',
        id: `e${number}`,
        source: 'spec',
        type,
        subject,
        time: second,
        data: JSON.stringify(data),
        data_sent: '',
        has_data: 1,
        ingested_at: second,
        stored_at: second,
        status: 'ok',
        reason: '',
        kafka_partition: 0,
        kafka_offset: number,
        index_in_record: 0,
        fingerprint: String(number),
        batch_month: 202506,
      };
    });
    await this.world.platform.clickhouse.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
  }
}
