import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpSubjectNames,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import {
  EntitlementsModule,
  GuardDeletions,
  ShowEntitlements,
  WriteForSubscription,
} from '@ledgerline/entitlements';
import {
  CHECK_BILLING_READINESS,
  INVOICING_APPS,
  InvoicingModule,
  REFUSE_CUSTOMER_DELETION,
} from '@ledgerline/invoicing';
import { instant, systemClock } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import type { Notice } from '@ledgerline/platform';
import { BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS, ProvidersModule } from '@ledgerline/providers';
import {
  BILLING_READINESS,
  ENTITLEMENT_VIEWS,
  ENTITLEMENT_WRITER,
  RefuseCustomerDeletion,
  RefuseFeatureArchival,
  ShowCustomerSubscriptions,
  SubscriptionsModule,
} from '@ledgerline/subscriptions';
import { RoomWorld, WebhookReceiver } from '@ledgerline/testkit';
import type { Provider } from '@nestjs/common';
import type { DeliveryStore, WatchStore } from '../src/core/ports.js';
import { NotificationNotices } from '../src/jobs/notification-notices.controller.js';
import { NotificationsModule } from '../src/notifications.module.js';
import { DELIVERY_STORE, WATCH_STORE } from '../src/tokens.js';
import { DeliverEvent } from '../src/use-cases/deliver-event.js';
import { EvaluateEntitlement } from '../src/use-cases/evaluate-entitlement.js';

const namespace = 'default';

const joints: readonly Provider[] = [
  {
    provide: CUSTOMER_DELETION_GUARDS,
    inject: [GuardDeletions, RefuseCustomerDeletion, REFUSE_CUSTOMER_DELETION],
    useFactory: (...guards: unknown[]) => guards,
  },
  { provide: CUSTOMER_SUBSCRIPTIONS, useExisting: ShowCustomerSubscriptions },
  { provide: METER_USE, useExisting: LookUpMeterUse },
  { provide: SUBJECT_NAMES, useExisting: LookUpSubjectNames },
  { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
  { provide: FEATURE_REFERENCES, useExisting: RefuseFeatureArchival },
  { provide: METER_ENTITLEMENTS, useExisting: GuardDeletions },
  { provide: ENTITLEMENT_WRITER, useExisting: WriteForSubscription },
  { provide: ENTITLEMENT_VIEWS, useExisting: ShowEntitlements },
  { provide: BILLING_READINESS, useExisting: CHECK_BILLING_READINESS },
  { provide: INVOICING_APPS, useExisting: INVOICE_THROUGH_APPS },
];

/** Where whoever was killed goes on: nothing but Postgres is left. */
export interface Worker {
  readonly evaluate: Pick<EvaluateEntitlement, 'runDue'>;
  readonly deliver: Pick<DeliverEvent, 'run'>;
}

/**
 * Everything that notifications tell of, over HTTP on real engines, and a worker that a spec steps: journal to notices, what is due
 * to looks and attempts.
 */
export class NotificationsWorld {
  private events = 0;
  private told = 0;
  private readonly secrets = new Map<string, string>();
  readonly call: RoomWorld['call'];
  readonly done: RoomWorld['done'];

  private constructor(
    readonly world: RoomWorld,
    readonly receiver: WebhookReceiver,
    secrets: Map<string, string>,
  ) {
    this.secrets = secrets;
    this.call = world.call.bind(world);
    this.done = world.done.bind(world);
  }

  static async open(now: string, env: Readonly<Record<string, string>> = {}): Promise<NotificationsWorld> {
    const secrets = new Map<string, string>();
    const receiver = await WebhookReceiver.open((path) => secrets.get(path) ?? '');
    const world = await RoomWorld.open({
      service: 'notifications-spec',
      now,
      modules: [
        CustomersModule,
        MeteringModule,
        CatalogModule,
        EntitlementsModule,
        SubscriptionsModule,
        InvoicingModule,
        ProvidersModule,
        NotificationsModule,
      ],
      joints,
      env: {
        LEDGERLINE_NOTIFICATIONS_ALLOW_PRIVATE_ADDRESSES: 'true',
        LEDGERLINE_NOTIFICATIONS_TIMEOUT_MS: '1000',
        ...env,
      },
    });
    return new NotificationsWorld(world, receiver, secrets);
  }

  async close(): Promise<void> {
    await this.world.close();
    await this.receiver.close();
  }

  get<T>(token: symbol | (abstract new (...args: never[]) => T)): T {
    return this.world.app.get<T>(token, { strict: false });
  }

  query<T>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.world.platform.postgres.query(sql, values);
  }

  async bootstrapBilling(): Promise<void> {
    await this.get<{ run(namespace: string): Promise<void> }>(BOOTSTRAP_SANDBOX).run(namespace);
  }

  /** A customer with one subject, and a feature that counts the requests of that name. */
  async setUp(name: string): Promise<{ customerId: string; featureId: string }> {
    await this.done('POST', '/v1/meters', {
      slug: name,
      eventType: name,
      aggregation: 'SUM',
      valueProperty: '$.value',
    });
    const feature = await this.done('POST', '/v1/features', { key: name, name, meterSlug: name });
    const customer = await this.done('POST', '/v1/customers', {
      name,
      key: `${name}-customer`,
      usageAttribution: { subjectKeys: [`${name}_subject`] },
    });
    return { customerId: customer.id, featureId: feature.id };
  }

  /** A channel to the receiver's path of that name. */
  async channel(name: string, more: Record<string, unknown> = {}): Promise<any> /* tidy: as Answer */ {
    const path = `/${name}`;
    const body = { type: 'WEBHOOK', name, url: this.receiver.url + path, ...more };
    const channel = await this.done('POST', '/v1/notification/channels', body);
    this.secrets.set(path, channel.signingSecret);
    return channel;
  }

  rule(body: Record<string, unknown>): Promise<any> /* tidy: as Answer */ {
    return this.done('POST', '/v1/notification/rules', { name: 'a rule', ...body });
  }

  /** Events of a rule, oldest first. */
  async eventsOf(ruleId: string): Promise<any[]> /* tidy: as Answer */ {
    const { items } = await this.done(
      'GET',
      `/v1/notification/events?rule=${ruleId}&orderBy=createdAt&order=ASC`,
    );
    return items;
  }

  /** Stores an event as the sink would. */
  async use(name: string, time: string, value: number): Promise<void> {
    const number = this.events;
    this.events += 1;
    const second = time.replace('T', ' ').replace('Z', '');
    await this.world.platform.clickhouse.insert({
      table: 'events',
      format: 'JSONEachRow',
      values: [
        {
          namespace,
          id: `e${number}`,
          source: 'spec',
          type: name,
          subject: `${name}_subject`,
          time: second,
          data: JSON.stringify({ value }),
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
        },
      ],
    });
  }

  /** Tells what the journal has, looks at what is due, and makes the attempts that are due, until nothing is left. */
  async work(worker: Worker = this.worker): Promise<void> {
    for (;;) {
      const told = await this.tell();
      const looked = await this.look(worker);
      const delivered = await this.deliver(worker);
      if (!told && !looked && !delivered) return;
    }
  }

  get worker(): Worker {
    return { evaluate: this.get(EvaluateEntitlement), deliver: this.get(DeliverEvent) };
  }

  /** What the clock of an instance does: stops wherever something is due. */
  async moveTo(target: string): Promise<void> {
    await this.work();
    const watches = this.get<WatchStore>(WATCH_STORE);
    for (;;) {
      const due = await watches.nextDueAt(this.world.unitOfWork.reader(namespace));
      if (due === undefined || due.epochMilliseconds > instant(target).epochMilliseconds) break;
      this.world.clock.set(due);
      await this.work();
    }
    this.world.clock.set(target);
    await this.work();
  }

  /** As if the time until the next attempts had passed. */
  async passRetryPause(): Promise<void> {
    await this.query(
      `UPDATE notification_deliveries SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL`,
    );
  }

  async tell(): Promise<boolean> {
    const rows = await this.query<{
      position: string;
      stream: string;
      version: number;
      type: string;
      data: Notice['data'];
      occurred_at: Date;
    }>(`SELECT * FROM journal WHERE position > $1 ORDER BY position`, [this.told]);
    for (const row of rows) {
      await this.hear(row);
      this.told = Number(row.position);
    }
    return rows.length > 0;
  }

  /** Twice: notices arrive at least once. */
  private async hear(row: {
    readonly stream: string;
    readonly version: number;
    readonly type: string;
    readonly data: Notice['data'];
    readonly occurred_at: Date;
  }): Promise<void> {
    const handler = row.type.charAt(0).toLowerCase() + row.type.slice(1);
    const notices = this.get(NotificationNotices) as unknown as Record<
      string,
      ((notice: Notice) => Promise<void>) | undefined
    >;
    const notice: Notice = {
      id: `${namespace}/${row.stream}/${row.version}`,
      namespace,
      stream: row.stream,
      version: row.version,
      type: row.type,
      schema: 1,
      data: row.data,
      actor: 'spec',
      cause: null,
      occurredAt: row.occurred_at.toISOString(),
    };
    await notices[handler]?.(notice);
    await notices[handler]?.(notice);
  }

  private async look({ evaluate }: Worker): Promise<boolean> {
    const now = this.world.clock.now();
    const db = this.world.unitOfWork.reader(namespace);
    const ids = await this.get<WatchStore>(WATCH_STORE).listDue(db, now, 100);
    for (const id of ids) await evaluate.runDue(namespace, id);
    return ids.length > 0;
  }

  private async deliver({ deliver }: Worker): Promise<boolean> {
    const db = this.world.unitOfWork.reader(namespace);
    const due = await this.get<DeliveryStore>(DELIVERY_STORE).listDue(db, systemClock.now(), 100);
    for (const { eventId, channelId } of due) await deliver.run(namespace, eventId, channelId);
    return due.length > 0;
  }
}
