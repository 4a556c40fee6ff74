import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateEntitlement } from '../use-cases/create-entitlement.js';
import { CreateGrant } from '../use-cases/create-grant.js';
import { DeleteEntitlement } from '../use-cases/delete-entitlement.js';
import { ReadEntitlements } from '../use-cases/read-entitlements.js';
import { ReadValues } from '../use-cases/read-values.js';
import { entitlementV2ToApi, grantV2ToApi, valueToApi } from './convert-reply.js';
import {
  attemptOf,
  entitlementListFromApi,
  entitlementV2FromApi,
  grantListFromApi,
  grantV2FromApi,
  timeFromApi,
} from './convert-request.js';

/** v2: entitlements of a customer. */
@Controller()
export class CustomerEntitlementsController {
  constructor(
    @Inject(CreateEntitlement) private readonly createEntitlement: CreateEntitlement,
    @Inject(ReadEntitlements) private readonly readEntitlements: ReadEntitlements,
    @Inject(ReadValues) private readonly readValues: ReadValues,
    @Inject(DeleteEntitlement) private readonly deleteEntitlement: DeleteEntitlement,
    @Inject(CreateGrant) private readonly createGrant: CreateGrant,
  ) {}

  @Operation('createCustomerEntitlementV2')
  async create(
    request: OpRequest<'createCustomerEntitlementV2'>,
  ): Promise<OpReply<'createCustomerEntitlementV2'>> {
    const { path, body, context } = request;
    const { featureId, featureKey } = body;
    const order = { owner: ownerOf(path), featureId, featureKey, draft: entitlementV2FromApi(body) };
    const attempt = attemptOf('createCustomerEntitlementV2', request);
    const created = await this.createEntitlement.run(context, order, attempt);
    return entitlementV2ToApi(created, created.entitlement.createdAt);
  }

  @Operation('listCustomerEntitlementsV2')
  async list({
    path,
    query,
    context,
  }: OpRequest<'listCustomerEntitlementsV2'>): Promise<OpReply<'listCustomerEntitlementsV2'>> {
    const { items, totalCount, customer } = await this.readEntitlements.list(
      context.namespace,
      ownerOf(path),
      entitlementListFromApi(query),
    );
    const shown = items.map((entitlement) =>
      entitlementV2ToApi({ entitlement, customer }, this.readEntitlements.now),
    );
    return { items: shown, totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('getCustomerEntitlementV2')
  async get({
    path,
    context,
  }: OpRequest<'getCustomerEntitlementV2'>): Promise<OpReply<'getCustomerEntitlementV2'>> {
    const { owner, idOrFeatureKey } = placeOf(path);
    const found = await this.readEntitlements.get(context.namespace, owner, idOrFeatureKey);
    return entitlementV2ToApi(found, this.readEntitlements.now);
  }

  @Operation('getCustomerEntitlementValueV2')
  async value({
    path,
    query,
    context,
  }: OpRequest<'getCustomerEntitlementValueV2'>): Promise<OpReply<'getCustomerEntitlementValueV2'>> {
    const time = timeFromApi(query.time);
    return valueToApi(await this.readValues.get(context.namespace, placeOf(path), time));
  }

  @Operation('deleteCustomerEntitlementV2')
  async delete({
    path,
    context,
  }: OpRequest<'deleteCustomerEntitlementV2'>): Promise<OpReply<'deleteCustomerEntitlementV2'>> {
    const { owner, idOrFeatureKey } = placeOf(path);
    await this.deleteEntitlement.run(context, owner, idOrFeatureKey);
  }

  @Operation('createCustomerEntitlementGrantV2')
  async grant(
    request: OpRequest<'createCustomerEntitlementGrantV2'>,
  ): Promise<OpReply<'createCustomerEntitlementGrantV2'>> {
    const { path, body, context } = request;
    const order = { ...placeOf(path), draft: grantV2FromApi(body) };
    const attempt = attemptOf('createCustomerEntitlementGrantV2', request);
    const grant = await this.createGrant.run(context, order, attempt);
    return grantV2ToApi(grant, grant.createdAt);
  }

  @Operation('listCustomerEntitlementGrantsV2')
  async grants({
    path,
    query,
    context,
  }: OpRequest<'listCustomerEntitlementGrantsV2'>): Promise<OpReply<'listCustomerEntitlementGrantsV2'>> {
    const { items, totalCount } = await this.readEntitlements.listGrants(
      context.namespace,
      placeOf(path),
      grantListFromApi(query),
    );
    const shown = items.map((grant) => grantV2ToApi(grant, this.readEntitlements.now));
    return { items: shown, totalCount, page: query.page, pageSize: query.pageSize };
  }
}

const ownerOf = ({ customerIdOrKey }: { readonly customerIdOrKey: string }) => ({ customerIdOrKey });

const placeOf = (path: { readonly customerIdOrKey: string; readonly entitlementIdOrFeatureKey: string }) => ({
  owner: ownerOf(path),
  idOrFeatureKey: path.entitlementIdOrFeatureKey,
});
