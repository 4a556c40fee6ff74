import { CatalogModule } from '@ledgerline/catalog';
import { CustomersModule } from '@ledgerline/customers';
import { EntitlementsModule } from '@ledgerline/entitlements';
import { InvoicingModule } from '@ledgerline/invoicing';
import { systemClock } from '@ledgerline/kernel';
import { CONFIG } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { createSealer } from '@ledgerline/platform/secrets';
import { Module } from '@nestjs/common';
import { ChannelsController } from './http/channels.controller.js';
import { EventsController } from './http/events.controller.js';
import { RulesController } from './http/rules.controller.js';
import { NotificationNotices } from './jobs/notification-notices.controller.js';
import { DeliveryWorkers, WatchWorkers } from './jobs/notification-workers.js';
import { PostgresChannelStore } from './store/postgres-channel-store.js';
import { PostgresDeliveryStore } from './store/postgres-delivery-store.js';
import { PostgresEventStore } from './store/postgres-event-store.js';
import { PostgresRuleStore } from './store/postgres-rule-store.js';
import { PostgresWatchStore } from './store/postgres-watch-store.js';
import * as tokens from './tokens.js';
import { CreateChannel } from './use-cases/create-channel.js';
import { CreateRule } from './use-cases/create-rule.js';
import { DeleteChannel } from './use-cases/delete-channel.js';
import { DeleteRule } from './use-cases/delete-rule.js';
import { DeliverEvent } from './use-cases/deliver-event.js';
import { EvaluateEntitlement } from './use-cases/evaluate-entitlement.js';
import { GatherRuleFacts } from './use-cases/gather-rule-facts.js';
import { LookAtEntitlement } from './use-cases/look-at-entitlement.js';
import { RaiseEvent } from './use-cases/raise-event.js';
import { ReadChannels } from './use-cases/read-channels.js';
import { ReadEvents } from './use-cases/read-events.js';
import { ReadRules } from './use-cases/read-rules.js';
import { DeliveryStores, ResendEvent } from './use-cases/resend-event.js';
import { SendWebhook } from './use-cases/send-webhook.js';
import { TellInvoice } from './use-cases/tell-invoice.js';
import { TestRule } from './use-cases/test-rule.js';
import { UpdateChannel } from './use-cases/update-channel.js';
import { UpdateRule } from './use-cases/update-rule.js';
import { WatchEntitlement } from './use-cases/watch-entitlement.js';

@Module({
  imports: [CatalogModule, CustomersModule, EntitlementsModule, InvoicingModule],
  controllers: [ChannelsController, RulesController, EventsController, NotificationNotices],
  providers: [
    {
      provide: tokens.CHANNEL_STORE,
      inject: [CONFIG],
      useFactory: (config: Config) => new PostgresChannelStore(createSealer(config.secrets.keys)),
    },
    { provide: tokens.RULE_STORE, useClass: PostgresRuleStore },
    { provide: tokens.EVENT_STORE, useClass: PostgresEventStore },
    { provide: tokens.DELIVERY_STORE, useClass: PostgresDeliveryStore },
    { provide: tokens.WATCH_STORE, useClass: PostgresWatchStore },
    { provide: tokens.ENTITLEMENT_VIEWS, useClass: LookAtEntitlement },
    { provide: tokens.WEBHOOK_SENDER, useClass: SendWebhook },
    { provide: tokens.MACHINE_CLOCK, useValue: systemClock },
    CreateChannel,
    CreateRule,
    DeleteChannel,
    DeleteRule,
    DeliverEvent,
    DeliveryStores,
    DeliveryWorkers,
    EvaluateEntitlement,
    GatherRuleFacts,
    RaiseEvent,
    ReadChannels,
    ReadEvents,
    ReadRules,
    ResendEvent,
    TellInvoice,
    TestRule,
    UpdateChannel,
    UpdateRule,
    WatchEntitlement,
    WatchWorkers,
  ],
  exports: [EvaluateEntitlement],
})
export class NotificationsModule {}
