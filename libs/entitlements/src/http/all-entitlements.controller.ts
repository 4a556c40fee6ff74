import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { BrowseEntitlements } from '../use-cases/browse-entitlements.js';
import {
  entitlementToApi,
  entitlementV2ToApi,
  grantToApi,
  grantV2ToApi,
  subjectKeyOf,
} from './convert-reply.js';
import { browseFromApi, browseGrantsFromApi, pagingOf, unionPagingOf } from './convert-request.js';

/** Entitlements and grants over all customers. */
@Controller()
export class AllEntitlementsController {
  constructor(@Inject(BrowseEntitlements) private readonly browse: BrowseEntitlements) {}

  @Operation('getEntitlementById')
  async get({ path, context }: OpRequest<'getEntitlementById'>): Promise<OpReply<'getEntitlementById'>> {
    const { entitlement, customer } = await this.browse.get(context.namespace, path.entitlementId);
    return entitlementToApi(entitlement, subjectKeyOf(customer), this.browse.now);
  }

  @Operation('getEntitlementByIdV2')
  async getV2({
    path,
    context,
  }: OpRequest<'getEntitlementByIdV2'>): Promise<OpReply<'getEntitlementByIdV2'>> {
    return entitlementV2ToApi(await this.browse.get(context.namespace, path.entitlementId), this.browse.now);
  }

  @Operation('listEntitlements')
  async list({ query, context }: OpRequest<'listEntitlements'>): Promise<OpReply<'listEntitlements'>> {
    const { paging, ...cut } = unionPagingOf(query);
    const owners = { subjects: query.subject };
    const found = await this.browse.list(context.namespace, owners, { ...browseFromApi(query), ...cut });
    const items = found.items.map(({ entitlement, customer }) =>
      entitlementToApi(entitlement, subjectKeyOf(customer), this.browse.now),
    );
    return paging === undefined ? items : { items, totalCount: found.totalCount, ...paging };
  }

  @Operation('listEntitlementsV2')
  async listV2({ query, context }: OpRequest<'listEntitlementsV2'>): Promise<OpReply<'listEntitlementsV2'>> {
    const { customerIds, customerKeys, page, pageSize } = query;
    const found = await this.browse.list(
      context.namespace,
      { customerIds, customerKeys },
      { ...browseFromApi(query), ...pagingOf(query) },
    );
    const items = found.items.map((owned) => entitlementV2ToApi(owned, this.browse.now));
    return { items, totalCount: found.totalCount, page, pageSize };
  }

  @Operation('listGrants')
  async grants({ query, context }: OpRequest<'listGrants'>): Promise<OpReply<'listGrants'>> {
    const { paging, ...cut } = unionPagingOf(query);
    const owners = { subjects: query.subject };
    const asked = { ...browseGrantsFromApi(query), ...cut };
    const found = await this.browse.listGrants(context.namespace, owners, asked);
    const items = found.items.map((grant) => grantToApi(grant, this.browse.now));
    return paging === undefined ? items : { items, totalCount: found.totalCount, ...paging };
  }

  @Operation('listGrantsV2')
  async grantsV2({ query, context }: OpRequest<'listGrantsV2'>): Promise<OpReply<'listGrantsV2'>> {
    const { customer, page, pageSize } = query;
    const customerIds = customer && (await this.browse.requireCustomers(context.namespace, customer));
    const asked = { ...browseGrantsFromApi(query), ...pagingOf(query) };
    const found = await this.browse.listGrants(context.namespace, { customerIds }, asked);
    const items = found.items.map((grant) => grantV2ToApi(grant, this.browse.now));
    return { items, totalCount: found.totalCount, page, pageSize };
  }
}
