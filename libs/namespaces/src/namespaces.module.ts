import type { UnitOfWork } from '@ledgerline/kernel';
import { CONFIG, KAFKA, POSTGRES, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { type Kafka, topicsOf } from '@ledgerline/platform/kafka';
import type { Platform } from '@ledgerline/platform/nest';
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { ApiKeyStore, NamespaceBootstrap, NamespaceStore } from './core/ports.js';
import { AccessController } from './http/access.controller.js';
import { NamespaceNotices } from './jobs/namespace-notices.controller.js';
import { NamespaceWorkers } from './jobs/namespace-workers.js';
import { ApiKeysTopic } from './store/api-keys-topic.js';
import { PostgresApiKeyStore } from './store/postgres-api-key-store.js';
import { PostgresNamespaceStore } from './store/postgres-namespace-store.js';
import { PostgresPublicationStore } from './store/postgres-publication-store.js';
import * as tokens from './tokens.js';
import { CreateApiKey } from './use-cases/create-api-key.js';
import { CreateNamespace } from './use-cases/create-namespace.js';
import { PrepareNamespace } from './use-cases/prepare-namespace.js';
import { PublishApiKeys } from './use-cases/publish-api-keys.js';
import { ReadAccess } from './use-cases/read-access.js';
import { RevokeApiKey } from './use-cases/revoke-api-key.js';

@Module({
  controllers: [AccessController, NamespaceNotices],
  providers: [
    { provide: tokens.API_KEY_STORE, useClass: PostgresApiKeyStore },
    { provide: tokens.NAMESPACE_STORE, useClass: PostgresNamespaceStore },
    {
      provide: tokens.KEYS_TOPIC,
      inject: [KAFKA, CONFIG],
      useFactory: (kafka: Kafka, config: Config) =>
        new ApiKeysTopic(kafka, topicsOf(config.kafka.topicPrefix).apiKeys),
    },
    {
      provide: tokens.CREATE_API_KEY,
      inject: [UNIT_OF_WORK, tokens.API_KEY_STORE],
      useFactory: (unitOfWork: UnitOfWork, apiKeys: ApiKeyStore) => new CreateApiKey(unitOfWork, apiKeys),
    },
    {
      provide: tokens.REVOKE_API_KEY,
      inject: [UNIT_OF_WORK, tokens.API_KEY_STORE],
      useFactory: (unitOfWork: UnitOfWork, apiKeys: ApiKeyStore) => new RevokeApiKey(unitOfWork, apiKeys),
    },
    {
      provide: tokens.CREATE_NAMESPACE,
      inject: [UNIT_OF_WORK, tokens.NAMESPACE_STORE, tokens.CREATE_API_KEY],
      useFactory: (unitOfWork: UnitOfWork, namespaces: NamespaceStore, create: CreateApiKey) =>
        new CreateNamespace(unitOfWork, namespaces, create),
    },
    {
      provide: tokens.PREPARE_NAMESPACE,
      inject: [UNIT_OF_WORK, tokens.NAMESPACE_STORE, tokens.NAMESPACE_BOOTSTRAPS],
      useFactory: (
        unitOfWork: UnitOfWork,
        namespaces: NamespaceStore,
        bootstraps: readonly NamespaceBootstrap[],
      ) => new PrepareNamespace(unitOfWork, namespaces, bootstraps),
    },
    {
      provide: tokens.PUBLISH_API_KEYS,
      inject: [POSTGRES, tokens.KEYS_TOPIC],
      useFactory: (source: Platform['postgres'], topic: ApiKeysTopic) =>
        new PublishApiKeys(new PostgresPublicationStore(source), topic),
    },
    {
      provide: tokens.READ_ACCESS,
      inject: [UNIT_OF_WORK, tokens.NAMESPACE_STORE, tokens.API_KEY_STORE],
      useFactory: (unitOfWork: UnitOfWork, namespaces: NamespaceStore, apiKeys: ApiKeyStore) =>
        new ReadAccess(unitOfWork, namespaces, apiKeys),
    },
    NamespaceWorkers,
  ],
})
export class NamespacesModule implements OnApplicationShutdown {
  constructor(@Inject(tokens.KEYS_TOPIC) private readonly topic: ApiKeysTopic) {}

  onApplicationShutdown(): Promise<void> {
    return this.topic.close();
  }
}
