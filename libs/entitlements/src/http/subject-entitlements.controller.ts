import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateEntitlement } from '../use-cases/create-entitlement.js';
import { CreateGrant } from '../use-cases/create-grant.js';
import { DeleteEntitlement } from '../use-cases/delete-entitlement.js';
import { ReadEntitlements } from '../use-cases/read-entitlements.js';
import { ReadValues } from '../use-cases/read-values.js';
import { entitlementToApi, grantToApi, valueToApi } from './convert-reply.js';
import { attemptOf, entitlementFromApi, grantFromApi, timeFromApi } from './convert-request.js';

/** A bare array has no pages: as many as one page may hold at most. */
const bareArrayMax = 1_000;

/** v1: entitlements of the customer that a subject belongs to. */
@Controller()
export class SubjectEntitlementsController {
  constructor(
    @Inject(CreateEntitlement) private readonly createEntitlement: CreateEntitlement,
    @Inject(ReadEntitlements) private readonly readEntitlements: ReadEntitlements,
    @Inject(ReadValues) private readonly readValues: ReadValues,
    @Inject(DeleteEntitlement) private readonly deleteEntitlement: DeleteEntitlement,
    @Inject(CreateGrant) private readonly createGrant: CreateGrant,
  ) {}

  @Operation('createEntitlement')
  async create(request: OpRequest<'createEntitlement'>): Promise<OpReply<'createEntitlement'>> {
    const { path, body, context } = request;
    const subject = path.subjectIdOrKey;
    const { featureId, featureKey } = body;
    const order = { owner: { subject }, featureId, featureKey, draft: entitlementFromApi(body) };
    const { entitlement } = await this.createEntitlement.run(
      context,
      order,
      attemptOf('createEntitlement', request),
    );
    return entitlementToApi(entitlement, subject, entitlement.createdAt);
  }

  @Operation('listSubjectEntitlements')
  async list({
    path,
    query,
    context,
  }: OpRequest<'listSubjectEntitlements'>): Promise<OpReply<'listSubjectEntitlements'>> {
    const subject = path.subjectIdOrKey;
    const { items } = await this.readEntitlements.list(
      context.namespace,
      { subject },
      {
        includeDeleted: query.includeDeleted,
        orderBy: 'createdAt',
        descending: false,
        limit: bareArrayMax,
        offset: 0,
      },
    );
    return items.map((entitlement) => entitlementToApi(entitlement, subject, this.readEntitlements.now));
  }

  @Operation('getEntitlement')
  async get({ path, context }: OpRequest<'getEntitlement'>): Promise<OpReply<'getEntitlement'>> {
    const subject = path.subjectIdOrKey;
    const found = await this.readEntitlements.get(context.namespace, { subject }, path.entitlementId);
    return entitlementToApi(found.entitlement, subject, this.readEntitlements.now);
  }

  @Operation('getEntitlementValue')
  async value({
    path,
    query,
    context,
  }: OpRequest<'getEntitlementValue'>): Promise<OpReply<'getEntitlementValue'>> {
    const place = {
      owner: { subject: path.subjectIdOrKey },
      idOrFeatureKey: path.entitlementIdOrFeatureKey,
    };
    return valueToApi(await this.readValues.get(context.namespace, place, timeFromApi(query.time)));
  }

  @Operation('deleteEntitlement')
  async delete({ path, context }: OpRequest<'deleteEntitlement'>): Promise<OpReply<'deleteEntitlement'>> {
    await this.deleteEntitlement.run(context, { subject: path.subjectIdOrKey }, path.entitlementId);
  }

  @Operation('createGrant')
  async grant(request: OpRequest<'createGrant'>): Promise<OpReply<'createGrant'>> {
    const { path, body, context } = request;
    const owner = { subject: path.subjectIdOrKey };
    const order = { owner, idOrFeatureKey: path.entitlementIdOrFeatureKey, draft: grantFromApi(body) };
    const grant = await this.createGrant.run(context, order, attemptOf('createGrant', request));
    return grantToApi(grant, grant.createdAt);
  }

  @Operation('listEntitlementGrants')
  async grants({
    path,
    query,
    context,
  }: OpRequest<'listEntitlementGrants'>): Promise<OpReply<'listEntitlementGrants'>> {
    const place = {
      owner: { subject: path.subjectIdOrKey },
      idOrFeatureKey: path.entitlementIdOrFeatureKey,
    };
    const { includeDeleted, orderBy } = query;
    const { items } = await this.readEntitlements.listGrants(context.namespace, place, {
      includeDeleted,
      orderBy,
      descending: false,
      limit: bareArrayMax,
      offset: 0,
    });
    return items.map((grant) => grantToApi(grant, this.readEntitlements.now));
  }
}
