import type { RequestContext } from '@ledgerline/contract';
import { refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { ruleNotFound } from '../core/decide-rule.js';
import type { RuleStore } from '../core/ports.js';
import { testData } from '../core/test-data.js';
import { RULE_STORE } from '../tokens.js';
import { RaiseEvent } from './raise-event.js';
import { scopeOf } from './scope.js';

/** Raises an event with made-up content, which is really delivered. Answers its id. */
export class TestRule {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(RaiseEvent) private readonly raise: RaiseEvent,
  ) {}

  async run(context: RequestContext, ruleId: string): Promise<string> {
    const { event, deliveries } = await this.unitOfWork.run(scopeOf(context), async (tx) => {
      const rule = await this.rules.find(tx, ruleId);
      if (rule === undefined || rule.deletedAt !== undefined) throw new Refused(ruleNotFound(ruleId));
      if (rule.disabled) throw new Refused(refusal.invalid(`validation error: rule ${ruleId} is disabled`));
      const raised = await this.raise.run(tx, {
        rule,
        ...testData(rule.type, tx.at),
        annotations: { 'notification.rule.test': true },
        once: { kind: 'always' },
      });
      if (raised !== undefined) return raised;
      throw new Refused(refusal.invalid(`validation error: rule ${ruleId} has no enabled channel`));
    });
    await this.raise.hurry(deliveries);
    return event.id;
  }
}
