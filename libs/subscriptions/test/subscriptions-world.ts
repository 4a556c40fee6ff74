import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpSubjectNames,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import { type Instant, newId, type Refusal, refusal } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import { type Answer, type FixedClock, RoomWorld } from '@ledgerline/testkit';
import type { Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EntitlementViews, EntitlementWriter, ItemEntitlement } from '../src/core/ports.js';
import { ShowCustomerSubscriptions } from '../src/http/show-customer-subscriptions.js';
import { SubscriptionsModule } from '../src/subscriptions.module.js';
import { BILLING_READINESS, ENTITLEMENT_VIEWS, ENTITLEMENT_WRITER } from '../src/tokens.js';
import { RefuseCustomerDeletion } from '../src/use-cases/refuse-customer-deletion.js';
import { RefuseFeatureArchival } from '../src/use-cases/refuse-feature-archival.js';

/** Entitlements as the room next door would keep them, and what it and invoicing refuse. */
export class Neighbours implements EntitlementWriter, EntitlementViews {
  readonly entitlements = new Map<string, ItemEntitlement>();
  refuseEntitlement: Refusal | undefined;
  notReady: Refusal | undefined;

  createForItem(_tx: unknown, item: ItemEntitlement) {
    if (this.refuseEntitlement !== undefined) return Promise.resolve({ refused: this.refuseEntitlement });
    const entitlementId = newId();
    this.entitlements.set(entitlementId, item);
    return Promise.resolve({ accepted: { entitlementId } });
  }

  endForItem(_tx: unknown, id: string, at: Instant | undefined): Promise<undefined> {
    const found = this.entitlements.get(id);
    if (found === undefined) throw new Error(`no entitlement ${id}`);
    this.entitlements.set(id, { ...found, activeTo: at });
    return Promise.resolve(undefined);
  }

  describe(): ReturnType<EntitlementViews['describe']> {
    return Promise.resolve(new Map());
  }

  readonly readiness = { check: (): Promise<Refusal | undefined> => Promise.resolve(this.notReady) };

  reset(): void {
    this.entitlements.clear();
    this.refuseEntitlement = undefined;
    this.notReady = undefined;
  }
}

/** Subscriptions and the rooms below on real engines; entitlements and invoicing are neighbours in memory. */
export class SubscriptionsWorld {
  private constructor(
    private readonly world: RoomWorld,
    readonly neighbours: Neighbours,
  ) {}

  static async open(now = '2025-01-01T00:00:00Z'): Promise<SubscriptionsWorld> {
    const neighbours = new Neighbours();
    const modules = [MeteringModule, CustomersModule, CatalogModule, SubscriptionsModule];
    const joints = jointsOf(neighbours);
    return new SubscriptionsWorld(
      await RoomWorld.open({ service: 'subscriptions-spec', now, modules, joints }),
      neighbours,
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

  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    return this.world.call(method, `/v1${path}`, body);
  }

  /** The answer's body; throws what was refused. */
  create(path: string, body?: unknown): Promise<Answer['body']> {
    return this.world.done('POST', `/v1${path}`, body);
  }

  async factsOf(stream: string): Promise<{ type: string; data: unknown }[]> {
    return this.postgres.query('SELECT type, data FROM journal WHERE stream = $1 ORDER BY version', [stream]);
  }
}

export const refuseAsConflict = refusal.conflict('an entitlement of the feature exists already');

const jointsOf = (neighbours: Neighbours): readonly Provider[] => [
  { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
  { provide: SUBJECT_NAMES, useExisting: LookUpSubjectNames },
  { provide: METER_USE, useExisting: LookUpMeterUse },
  { provide: FEATURE_REFERENCES, useExisting: RefuseFeatureArchival },
  { provide: METER_ENTITLEMENTS, useValue: { countOnMeter: () => Promise.resolve(0) } },
  { provide: CUSTOMER_SUBSCRIPTIONS, useExisting: ShowCustomerSubscriptions },
  {
    provide: CUSTOMER_DELETION_GUARDS,
    inject: [RefuseCustomerDeletion],
    useFactory: (guard: RefuseCustomerDeletion) => [guard],
  },
  { provide: ENTITLEMENT_WRITER, useValue: neighbours },
  { provide: ENTITLEMENT_VIEWS, useValue: neighbours },
  { provide: BILLING_READINESS, useValue: neighbours.readiness },
];
