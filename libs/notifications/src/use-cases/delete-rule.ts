import type { RequestContext } from '@ledgerline/contract';
import { Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { deleteRule, ruleNotFound } from '../core/decide-rule.js';
import type { RuleStore } from '../core/ports.js';
import { RULE_STORE } from '../tokens.js';
import { ruleFact, scopeOf } from './scope.js';

export class DeleteRule {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
  ) {}

  run(context: RequestContext, id: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const found = await this.rules.findForChange(tx, id);
      if (found === undefined) throw new Refused(ruleNotFound(id));
      const rule = deleteRule(found, tx.at);
      if (rule === found) return;
      await this.rules.update(tx, rule);
      await this.unitOfWork.append(tx, [ruleFact('Deleted', rule)]);
    });
  }
}
