import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, invariant, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreateRule } from '../core/decide-rule.js';
import type { RuleStore } from '../core/ports.js';
import type { Rule, RuleDraft } from '../core/rule.js';
import { RULE_STORE } from '../tokens.js';
import { GatherRuleFacts } from './gather-rule-facts.js';
import { type RequestAttempt, ruleFact, scopeOf } from './scope.js';

export class CreateRule {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(GatherRuleFacts) private readonly gather: GatherRuleFacts,
  ) {}

  async run(context: RequestContext, draft: RuleDraft, attempt: RequestAttempt): Promise<Rule> {
    const id = await this.unitOfWork.run(scopeOf(context, attempt), async (tx) => {
      const facts = await this.gather.run(tx, draft, undefined);
      const rule = acceptedOrThrow(
        decideCreateRule(draft, { ...facts, id: newId(), namespace: tx.namespace }),
      );
      await this.rules.insert(tx, rule);
      await this.unitOfWork.append(tx, [ruleFact('Created', rule)]);
      return rule.id;
    });
    const rule = await this.rules.find(this.unitOfWork.reader(context.namespace), id);
    invariant(rule !== undefined, 'rules are never removed');
    return rule;
  }
}
