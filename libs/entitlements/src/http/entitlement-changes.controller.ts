import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateEntitlement } from '../use-cases/create-entitlement.js';
import { ReadHistory } from '../use-cases/read-history.js';
import { ResetUsage } from '../use-cases/reset-usage.js';
import { historyToApi } from './convert-history.js';
import { entitlementToApi, entitlementV2ToApi } from './convert-reply.js';
import {
  attemptOf,
  entitlementFromApi,
  entitlementV2FromApi,
  historyFromApi,
  resetFromApi,
} from './convert-request.js';

/** Resets, overrides and histories, of v1 by subject and of v2 by customer. */
@Controller()
export class EntitlementChangesController {
  constructor(
    @Inject(CreateEntitlement) private readonly createEntitlement: CreateEntitlement,
    @Inject(ResetUsage) private readonly resetUsage: ResetUsage,
    @Inject(ReadHistory) private readonly readHistory: ReadHistory,
  ) {}

  @Operation('resetEntitlementUsage')
  async reset(request: OpRequest<'resetEntitlementUsage'>): Promise<OpReply<'resetEntitlementUsage'>> {
    const { path, body, context } = request;
    const place = { owner: { subject: path.subjectIdOrKey }, idOrFeatureKey: path.entitlementId };
    const order = { ...place, request: resetFromApi(body) };
    await this.resetUsage.run(context, order, attemptOf('resetEntitlementUsage', request));
  }

  @Operation('resetCustomerEntitlementUsageV2')
  async resetV2(
    request: OpRequest<'resetCustomerEntitlementUsageV2'>,
  ): Promise<OpReply<'resetCustomerEntitlementUsageV2'>> {
    const { path, body, context } = request;
    const order = { ...placeOf(path), request: resetFromApi(body) };
    await this.resetUsage.run(context, order, attemptOf('resetCustomerEntitlementUsageV2', request));
  }

  @Operation('overrideEntitlement')
  async override(request: OpRequest<'overrideEntitlement'>): Promise<OpReply<'overrideEntitlement'>> {
    const { path, body, context } = request;
    const subject = path.subjectIdOrKey;
    const { featureId, featureKey } = body;
    const order = { owner: { subject }, featureId, featureKey, draft: entitlementFromApi(body) };
    const attempt = attemptOf('overrideEntitlement', request);
    const overridden = { idOrFeatureKey: path.entitlementIdOrFeatureKey };
    const { entitlement } = await this.createEntitlement.run(context, order, attempt, overridden);
    return entitlementToApi(entitlement, subject, entitlement.createdAt);
  }

  @Operation('overrideCustomerEntitlementV2')
  async overrideV2(
    request: OpRequest<'overrideCustomerEntitlementV2'>,
  ): Promise<OpReply<'overrideCustomerEntitlementV2'>> {
    const { path, body, context } = request;
    const { featureId, featureKey } = body;
    const { owner, idOrFeatureKey } = placeOf(path);
    const order = { owner, featureId, featureKey, draft: entitlementV2FromApi(body) };
    const attempt = attemptOf('overrideCustomerEntitlementV2', request);
    const created = await this.createEntitlement.run(context, order, attempt, { idOrFeatureKey });
    return entitlementV2ToApi(created, created.entitlement.createdAt);
  }

  @Operation('getEntitlementHistory')
  async history({
    path,
    query,
    context,
  }: OpRequest<'getEntitlementHistory'>): Promise<OpReply<'getEntitlementHistory'>> {
    const place = { owner: { subject: path.subjectIdOrKey }, idOrFeatureKey: path.entitlementId };
    const ask = historyFromApi(query);
    return historyToApi(await this.readHistory.run(context.namespace, place, ask), ask.windowTimeZone);
  }

  @Operation('getCustomerEntitlementHistoryV2')
  async historyV2({
    path,
    query,
    context,
  }: OpRequest<'getCustomerEntitlementHistoryV2'>): Promise<OpReply<'getCustomerEntitlementHistoryV2'>> {
    const ask = historyFromApi(query);
    const history = await this.readHistory.run(context.namespace, placeOf(path), ask);
    return historyToApi(history, ask.windowTimeZone);
  }
}

const placeOf = (path: { readonly customerIdOrKey: string; readonly entitlementIdOrFeatureKey: string }) => ({
  owner: { customerIdOrKey: path.customerIdOrKey },
  idOrFeatureKey: path.entitlementIdOrFeatureKey,
});
