import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateRule } from '../use-cases/create-rule.js';
import { DeleteRule } from '../use-cases/delete-rule.js';
import { ReadRules } from '../use-cases/read-rules.js';
import { UpdateRule } from '../use-cases/update-rule.js';
import { ruleFromApi, ruleListFromApi, ruleToApi } from './convert-rule.js';
import { attemptOf } from './paging.js';

@Controller()
export class RulesController {
  constructor(
    @Inject(CreateRule) private readonly createRule: CreateRule,
    @Inject(UpdateRule) private readonly updateRule: UpdateRule,
    @Inject(DeleteRule) private readonly deleteRule: DeleteRule,
    @Inject(ReadRules) private readonly readRules: ReadRules,
  ) {}

  @Operation('createNotificationRule')
  async create(request: OpRequest<'createNotificationRule'>): Promise<OpReply<'createNotificationRule'>> {
    const attempt = attemptOf('createNotificationRule', request);
    const rule = await this.createRule.run(request.context, ruleFromApi(request.body), attempt);
    return ruleToApi(await this.readRules.show(rule));
  }

  @Operation('listNotificationRules')
  async list({
    query,
    context,
  }: OpRequest<'listNotificationRules'>): Promise<OpReply<'listNotificationRules'>> {
    const { items, totalCount } = await this.readRules.list(context.namespace, ruleListFromApi(query));
    return { items: items.map(ruleToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('getNotificationRule')
  async get({ path, context }: OpRequest<'getNotificationRule'>): Promise<OpReply<'getNotificationRule'>> {
    return ruleToApi(await this.readRules.get(context.namespace, path.ruleId));
  }

  @Operation('updateNotificationRule')
  async update({
    path,
    body,
    context,
  }: OpRequest<'updateNotificationRule'>): Promise<OpReply<'updateNotificationRule'>> {
    const rule = await this.updateRule.run(context, path.ruleId, ruleFromApi(body));
    return ruleToApi(await this.readRules.show(rule));
  }

  @Operation('deleteNotificationRule')
  delete({ path, context }: OpRequest<'deleteNotificationRule'>): Promise<OpReply<'deleteNotificationRule'>> {
    return this.deleteRule.run(context, path.ruleId);
  }
}
