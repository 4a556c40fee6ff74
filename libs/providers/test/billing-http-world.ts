import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpSubjectNames,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import {
  CHECK_BILLING_READINESS,
  INVOICING_APPS,
  InvoicingModule,
  REFUSE_CUSTOMER_DELETION,
} from '@ledgerline/invoicing';
import type { UnitOfWork } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import {
  BILLING_READINESS,
  ENTITLEMENT_VIEWS,
  ENTITLEMENT_WRITER,
  RefuseCustomerDeletion,
  RefuseFeatureArchival,
  ShowCustomerSubscriptions,
  SubscriptionsModule,
} from '@ledgerline/subscriptions';
import { type FixedClock, RoomWorld } from '@ledgerline/testkit';
import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { ProvidersModule } from '../src/providers.module.js';
import { BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS } from '../src/tokens.js';
import type { BootstrapSandbox } from '../src/use-cases/bootstrap-sandbox.js';

const firstAt = '2025-01-01T00:00:00Z';
const none = { describe: () => Promise.resolve(new Map()), countOnMeter: () => Promise.resolve(0) };

const joints: readonly Provider[] = [
  { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
  { provide: SUBJECT_NAMES, useExisting: LookUpSubjectNames },
  { provide: METER_USE, useExisting: LookUpMeterUse },
  { provide: FEATURE_REFERENCES, useExisting: RefuseFeatureArchival },
  { provide: METER_ENTITLEMENTS, useValue: none },
  { provide: CUSTOMER_SUBSCRIPTIONS, useExisting: ShowCustomerSubscriptions },
  {
    provide: CUSTOMER_DELETION_GUARDS,
    inject: [RefuseCustomerDeletion, REFUSE_CUSTOMER_DELETION],
    useFactory: (...guards: unknown[]) => guards,
  },
  // Entitlements have nothing to do with money here.
  { provide: ENTITLEMENT_WRITER, useValue: none },
  { provide: ENTITLEMENT_VIEWS, useValue: none },
  { provide: BILLING_READINESS, useExisting: CHECK_BILLING_READINESS },
  { provide: INVOICING_APPS, useExisting: INVOICE_THROUGH_APPS },
];

/** All commercial rooms over HTTP on real engines, every reply held against the contract. No worker runs. */
export class BillingHttpWorld {
  private events = 0;
  readonly call: RoomWorld['call'];
  /** The answer's body; throws what was refused. */
  readonly ok: RoomWorld['done'];

  private constructor(private readonly world: RoomWorld) {
    this.call = world.call.bind(world);
    this.ok = world.done.bind(world);
  }

  static async open(): Promise<BillingHttpWorld> {
    const modules = [
      MeteringModule,
      CustomersModule,
      CatalogModule,
      SubscriptionsModule,
      InvoicingModule,
      ProvidersModule,
    ];
    return new BillingHttpWorld(
      await RoomWorld.open({ service: 'providers-spec', now: firstAt, modules, joints }),
    );
  }

  close(): Promise<void> {
    return this.world.close();
  }

  get postgres(): DataSource {
    return this.world.platform.postgres;
  }

  get clock(): FixedClock {
    return this.world.clock;
  }

  get unitOfWork(): UnitOfWork {
    return this.world.unitOfWork;
  }

  get bootstrap(): BootstrapSandbox {
    return this.world.app.get<BootstrapSandbox>(BOOTSTRAP_SANDBOX, { strict: false });
  }

  /** A stored usage event, as the sink would have written it. */
  async used(subject: string, at: string, value: number): Promise<void> {
    this.events += 1;
    const stored = at.replace('T', ' ').replace('Z', '');
    await this.world.platform.clickhouse.insert({
      table: 'events',
      format: 'JSONEachRow',
      values: [
        {
          namespace: 'default',
          id: `e${this.events}`,
          source: 'spec',
          type: 'request',
          subject,
          time: stored,
          data: JSON.stringify({ value }),
          has_data: 1,
          ingested_at: stored,
          stored_at: stored,
          status: 'ok',
          kafka_partition: 0,
          kafka_offset: this.events,
          index_in_record: 0,
          fingerprint: this.events,
          batch_month: 202501,
        },
      ],
    });
  }
}
