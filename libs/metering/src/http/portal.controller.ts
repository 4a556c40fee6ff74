import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import type { Clock } from '@ledgerline/kernel';
import { CLOCK } from '@ledgerline/platform';
import { Controller, Inject } from '@nestjs/common';
import { MANAGE_PORTAL_TOKENS, NAME_SUBJECTS, QUERY_PORTAL_METER } from '../tokens.js';
import type { ManagePortalTokens } from '../use-cases/manage-portal-tokens.js';
import type { NameSubjects } from '../use-cases/name-subjects.js';
import type { QueryPortalMeter } from '../use-cases/query-portal-meter.js';
import { meterAnswerToApi, meterQueryFromApi } from './convert.js';
import { portalTokenFromApi, portalTokenToApi, whichTokensFromApi } from './convert-portal.js';
import { csvReply, wantsCsv } from './csv.js';

@Controller()
export class PortalController {
  constructor(
    @Inject(MANAGE_PORTAL_TOKENS) private readonly tokens: ManagePortalTokens,
    @Inject(QUERY_PORTAL_METER) private readonly queryMeter: QueryPortalMeter,
    @Inject(NAME_SUBJECTS) private readonly nameSubjects: NameSubjects,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Operation('createPortalToken')
  async create({ body, context }: OpRequest<'createPortalToken'>): Promise<OpReply<'createPortalToken'>> {
    const { kept, token } = await this.tokens.create(context, portalTokenFromApi(body));
    return { ...portalTokenToApi(kept, this.clock.now()), token };
  }

  @Operation('listPortalTokens')
  async list({ query, context }: OpRequest<'listPortalTokens'>): Promise<OpReply<'listPortalTokens'>> {
    const tokens = await this.tokens.list(context.namespace, query.limit);
    return tokens.map((token) => portalTokenToApi(token, this.clock.now()));
  }

  @Operation('invalidatePortalTokens')
  async invalidate({
    body,
    context,
  }: OpRequest<'invalidatePortalTokens'>): Promise<OpReply<'invalidatePortalTokens'>> {
    await this.tokens.invalidate(context, whichTokensFromApi(body));
  }

  /** The token alone says for which namespace and subject; `clientId` and `filterCustomerId` have no effect here. */
  @Operation('queryPortalMeter')
  async query({ path, query, headers }: OpRequest<'queryPortalMeter'>): Promise<OpReply<'queryPortalMeter'>> {
    const { namespace, answer } = await this.queryMeter.run(
      headers['authorization'],
      path.meterSlug,
      meterQueryFromApi({ ...query, filterCustomerId: undefined }),
    );
    if (!wantsCsv(headers['accept'])) return meterAnswerToApi(answer);
    return csvReply(answer, await this.nameSubjects.run(namespace, answer));
  }
}
