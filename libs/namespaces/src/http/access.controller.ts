import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import {
  CREATE_API_KEY,
  CREATE_NAMESPACE,
  PREPARE_NAMESPACE,
  READ_ACCESS,
  REVOKE_API_KEY,
} from '../tokens.js';
import type { CreateApiKey } from '../use-cases/create-api-key.js';
import type { CreateNamespace } from '../use-cases/create-namespace.js';
import type { PrepareNamespace } from '../use-cases/prepare-namespace.js';
import type { ReadAccess } from '../use-cases/read-access.js';
import type { RevokeApiKey } from '../use-cases/revoke-api-key.js';
import { scopeOf } from '../use-cases/scope.js';
import { apiKeyFromApi, apiKeyToApi, createdApiKeyToApi, namespaceToApi, windowFromApi } from './convert.js';

@Controller()
export class AccessController {
  constructor(
    @Inject(READ_ACCESS) private readonly read: ReadAccess,
    @Inject(CREATE_API_KEY) private readonly createApiKey: CreateApiKey,
    @Inject(REVOKE_API_KEY) private readonly revokeApiKey: RevokeApiKey,
    @Inject(CREATE_NAMESPACE) private readonly createNamespace: CreateNamespace,
    @Inject(PREPARE_NAMESPACE) private readonly prepareNamespace: PrepareNamespace,
  ) {}

  @Operation('listApiKeys')
  async listKeys({ query, context }: OpRequest<'listApiKeys'>): Promise<OpReply<'listApiKeys'>> {
    const { items, totalCount } = await this.read.listApiKeys(context.namespace, windowFromApi(query));
    return { items: items.map(apiKeyToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('createApiKey')
  async createKey({ body, context }: OpRequest<'createApiKey'>): Promise<OpReply<'createApiKey'>> {
    return createdApiKeyToApi(await this.createApiKey.run(scopeOf(context), apiKeyFromApi(body)));
  }

  @Operation('revokeApiKey')
  async revokeKey({ path, context }: OpRequest<'revokeApiKey'>): Promise<OpReply<'revokeApiKey'>> {
    await this.revokeApiKey.run(scopeOf(context), path.apiKeyId.toUpperCase());
  }

  @Operation('listNamespaces')
  async list({ query, context }: OpRequest<'listNamespaces'>): Promise<OpReply<'listNamespaces'>> {
    const { items, totalCount } = await this.read.listNamespaces(context.namespace, windowFromApi(query));
    return { items: items.map(namespaceToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('createNamespace')
  async create({ body, context }: OpRequest<'createNamespace'>): Promise<OpReply<'createNamespace'>> {
    const { namespace } = body;
    const firstKey = { name: 'first key', scopes: ['admin'] } as const;
    const created = await this.createNamespace.run({ ...scopeOf(context), namespace }, firstKey);
    await this.prepareNamespace.run(namespace);
    const createdAt = toRfc3339(created.apiKey.createdAt);
    return { namespace, createdAt, firstKey: createdApiKeyToApi(created) };
  }
}
