import { DUE_WORK, type DueWorkRegistry } from '@ledgerline/platform';
import { Inject, type OnModuleInit } from '@nestjs/common';
import { PREPARE_NAMESPACE, PUBLISH_API_KEYS } from '../tokens.js';
import type { PrepareNamespace } from '../use-cases/prepare-namespace.js';
import type { PublishApiKeys } from '../use-cases/publish-api-keys.js';

/** Registers what the sweeper finds. */
export class NamespaceWorkers implements OnModuleInit {
  constructor(
    @Inject(DUE_WORK) private readonly dueWork: DueWorkRegistry,
    @Inject(PUBLISH_API_KEYS) private readonly publishApiKeys: PublishApiKeys,
    @Inject(PREPARE_NAMESPACE) private readonly prepareNamespace: PrepareNamespace,
  ) {}

  onModuleInit(): void {
    this.dueWork.add(this.prepareNamespace.dueWork());
    this.dueWork.add(this.publishApiKeys.dueWork());
  }
}
