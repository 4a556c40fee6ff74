import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideUpdateRule, ruleNotFound } from '../core/decide-rule.js';
import type { RuleStore } from '../core/ports.js';
import type { Rule, RuleDraft } from '../core/rule.js';
import { RULE_STORE } from '../tokens.js';
import { GatherRuleFacts } from './gather-rule-facts.js';
import { ruleFact, scopeOf } from './scope.js';

export class UpdateRule {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(GatherRuleFacts) private readonly gather: GatherRuleFacts,
  ) {}

  run(context: RequestContext, id: string, draft: RuleDraft): Promise<Rule> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      // Channels are locked before the rule, as everywhere.
      const facts = await this.gather.run(tx, draft, id);
      const found = await this.rules.findForChange(tx, id);
      if (found === undefined) throw new Refused(ruleNotFound(id));
      const rule = acceptedOrThrow(decideUpdateRule(found, draft, facts));
      await this.rules.update(tx, rule);
      await this.unitOfWork.append(tx, [ruleFact('Updated', rule)]);
      return rule;
    });
  }
}
