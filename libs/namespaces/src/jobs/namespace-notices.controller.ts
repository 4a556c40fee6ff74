import type { Notice } from '@ledgerline/platform';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { PREPARE_NAMESPACE, PUBLISH_API_KEYS } from '../tokens.js';
import type { PrepareNamespace } from '../use-cases/prepare-namespace.js';
import type { PublishApiKeys } from '../use-cases/publish-api-keys.js';

/** What makes the sweeper's finds rare. Both look at what the tables say, so a repeated notice changes nothing. */
@Controller()
export class NamespaceNotices {
  constructor(
    @Inject(PUBLISH_API_KEYS) private readonly publishApiKeys: PublishApiKeys,
    @Inject(PREPARE_NAMESPACE) private readonly prepareNamespace: PrepareNamespace,
  ) {}

  @EventPattern('ApiKeyCreated')
  keyCreated({ namespace }: Notice): Promise<void> {
    return this.publishApiKeys.run(namespace);
  }

  @EventPattern('ApiKeyRevoked')
  keyRevoked({ namespace }: Notice): Promise<void> {
    return this.publishApiKeys.run(namespace);
  }

  @EventPattern('NamespaceCreated')
  namespaceCreated({ namespace }: Notice): Promise<void> {
    return this.prepareNamespace.run(namespace);
  }
}
