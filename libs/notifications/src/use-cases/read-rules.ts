import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import { type Db, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { ruleNotFound } from '../core/decide-rule.js';
import type { Page, RuleListQuery, RuleStore } from '../core/ports.js';
import type { Rule } from '../core/rule.js';
import { RULE_STORE } from '../tokens.js';
import { findFeatures } from './gather-rule-facts.js';

/** A rule with the features it names, by the name it gives them. */
export interface ShownRule {
  readonly rule: Rule;
  readonly features: ReadonlyMap<string, Feature>;
}

export class ReadRules {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  /** A deleted rule is not there any more; only lists and events still show it. */
  async get(namespace: string, id: string): Promise<ShownRule> {
    const db = this.unitOfWork.reader(namespace);
    const rule = await this.rules.find(db, id);
    if (rule === undefined) throw new Refused(ruleNotFound(id));
    return { rule, features: await this.featuresOf(db, [rule]) };
  }

  async show(rule: Rule): Promise<ShownRule> {
    return { rule, features: await this.featuresOf(this.unitOfWork.reader(rule.namespace), [rule]) };
  }

  async list(namespace: string, query: RuleListQuery): Promise<Page<ShownRule>> {
    const db = this.unitOfWork.reader(namespace);
    const { items, totalCount } = await this.rules.list(db, query);
    const features = await this.featuresOf(db, items);
    return { items: items.map((rule) => ({ rule, features })), totalCount };
  }

  /** Deleted ones too, by id. */
  async byId(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, ShownRule>> {
    const rules = await this.rules.findMany(db, [...new Set(ids)]);
    const features = await this.featuresOf(db, rules);
    return new Map(rules.map((rule) => [rule.id, { rule, features }]));
  }

  private featuresOf(db: Db, rules: readonly Rule[]): Promise<ReadonlyMap<string, Feature>> {
    return findFeatures(db, this.features, [...new Set(rules.flatMap(({ features = [] }) => features))]);
  }
}
