import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CHANGE_PROFILES, READ_PROFILES } from '../tokens.js';
import type { ChangeProfiles } from '../use-cases/change-profiles.js';
import type { ReadProfiles } from '../use-cases/read-profiles.js';
import { profileFromApi, profileToApi } from './convert-profile.js';
import { pageFromApi } from './convert-request.js';

@Controller()
export class ProfilesController {
  constructor(
    @Inject(CHANGE_PROFILES) private readonly changeProfiles: ChangeProfiles,
    @Inject(READ_PROFILES) private readonly readProfiles: ReadProfiles,
  ) {}

  @Operation('createBillingProfile')
  async create({
    body,
    context,
  }: OpRequest<'createBillingProfile'>): Promise<OpReply<'createBillingProfile'>> {
    const { tax, invoicing, payment } = body.apps;
    const appIds = [tax, invoicing, payment];
    const profile = await this.changeProfiles.create(context, profileFromApi(body), appIds);
    return profileToApi(await this.readProfiles.get(context.namespace, profile.id, true));
  }

  @Operation('getBillingProfile')
  async get({ path, query, context }: OpRequest<'getBillingProfile'>): Promise<OpReply<'getBillingProfile'>> {
    const expandApps = query.expand?.includes('apps') === true;
    return profileToApi(await this.readProfiles.get(context.namespace, path.id, expandApps));
  }

  @Operation('listBillingProfiles')
  async list({ query, context }: OpRequest<'listBillingProfiles'>): Promise<OpReply<'listBillingProfiles'>> {
    const { items, totalCount } = await this.readProfiles.list(
      context.namespace,
      {
        includeDeleted: query.includeArchived,
        orderBy: query.orderBy ?? 'createdAt',
        descending: query.order === 'DESC',
        ...pageFromApi(query),
      },
      query.expand?.includes('apps') === true,
    );
    return { items: items.map(profileToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('updateBillingProfile')
  async update({
    path,
    body,
    context,
  }: OpRequest<'updateBillingProfile'>): Promise<OpReply<'updateBillingProfile'>> {
    const profile = await this.changeProfiles.update(context, path.id, profileFromApi(body));
    return profileToApi(await this.readProfiles.get(context.namespace, profile.id, false));
  }

  @Operation('deleteBillingProfile')
  async delete({
    path,
    context,
  }: OpRequest<'deleteBillingProfile'>): Promise<OpReply<'deleteBillingProfile'>> {
    await this.changeProfiles.delete(context, path.id);
  }
}
