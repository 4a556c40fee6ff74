import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { ReadValues } from '../use-cases/read-values.js';
import { VoidGrant } from '../use-cases/void-grant.js';
import { valueToApi } from './convert-reply.js';
import { timeFromApi } from './convert-request.js';

/** What a customer may use now, and the end of a grant. */
@Controller()
export class AccessController {
  constructor(
    @Inject(ReadValues) private readonly readValues: ReadValues,
    @Inject(VoidGrant) private readonly voidGrant: VoidGrant,
  ) {}

  @Operation('getCustomerAccess')
  async access({ path, context }: OpRequest<'getCustomerAccess'>): Promise<OpReply<'getCustomerAccess'>> {
    const values = await this.readValues.accessOf(context.namespace, path.customerIdOrKey);
    return {
      entitlements: Object.fromEntries([...values].map(([key, value]) => [key, valueToApi(value)])),
    };
  }

  @Operation('getCustomerEntitlementValue')
  async value({
    path,
    query,
    context,
  }: OpRequest<'getCustomerEntitlementValue'>): Promise<OpReply<'getCustomerEntitlementValue'>> {
    const place = {
      owner: { customerIdOrKey: path.customerIdOrKey },
      idOrFeatureKey: path.featureKey,
    };
    return valueToApi(await this.readValues.get(context.namespace, place, timeFromApi(query.time)));
  }

  @Operation('voidGrant')
  async void({ path, query, context }: OpRequest<'voidGrant'>): Promise<OpReply<'voidGrant'>> {
    await this.voidGrant.run(context, path.grantId, timeFromApi(query.at));
  }
}
