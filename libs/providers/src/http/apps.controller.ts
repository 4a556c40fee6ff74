import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { refusal, Refused } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { appToApi } from '../core/app-json.js';
import { appTypes } from '../core/app.js';
import { listings } from '../core/listings.js';
import { READ_APPS } from '../tokens.js';
import type { ReadApps } from '../use-cases/read-apps.js';

@Controller()
export class AppsController {
  constructor(@Inject(READ_APPS) private readonly readApps: ReadApps) {}

  @Operation('listApps')
  async list({ query, context }: OpRequest<'listApps'>): Promise<OpReply<'listApps'>> {
    const { page, pageSize } = query;
    const window = { limit: pageSize, offset: (page - 1) * pageSize };
    const { items, totalCount } = await this.readApps.list(context.namespace, window);
    return { items: items.map(appToApi), totalCount, page, pageSize };
  }

  @Operation('getApp')
  async get({ path, context }: OpRequest<'getApp'>): Promise<OpReply<'getApp'>> {
    return appToApi(await this.readApps.get(context.namespace, path.id));
  }

  @Operation('listMarketplaceListings')
  listListings({ query }: OpRequest<'listMarketplaceListings'>): Promise<OpReply<'listMarketplaceListings'>> {
    const { page, pageSize } = query;
    const all = appTypes.map((type) => listings[type]);
    const items = all.slice((page - 1) * pageSize, page * pageSize);
    return Promise.resolve({ items, totalCount: all.length, page, pageSize });
  }

  @Operation('getMarketplaceListing')
  getListing({ path }: OpRequest<'getMarketplaceListing'>): Promise<OpReply<'getMarketplaceListing'>> {
    const type = appTypes.find((known) => known === path.type);
    // A type the document does not know has been refused before; this is for one that we do not have yet.
    if (type === undefined) throw new Refused(refusal.notFound(`there is no listing ${path.type}`));
    return Promise.resolve(listings[type]);
  }
}
