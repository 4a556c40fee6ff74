import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import { type Db, isUlid, type Tx } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { RuleFacts } from '../core/decide-rule.js';
import type { ChannelStore, RuleStore } from '../core/ports.js';
import type { RuleDraft } from '../core/rule.js';
import { CHANNEL_STORE, RULE_STORE } from '../tokens.js';

/** What must be known to write a rule. */
export class GatherRuleFacts {
  constructor(
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  /** `ruleId`: the rule that is changed, which does not count against its channels. Locks the channels first, so that two rules keep to the limit. */
  async run(tx: Tx, draft: RuleDraft, ruleId: string | undefined): Promise<RuleFacts> {
    const knownChannelIds = await this.channels.hold(tx, draft.channelIds);
    const rulesOfChannel = new Map<string, number>();
    for (const id of knownChannelIds) {
      const others = (await this.rules.idsOfChannel(tx, id)).filter((other) => other !== ruleId);
      rulesOfChannel.set(id, others.length);
    }
    const named = draft.features ?? [];
    const found = await findFeatures(tx, this.features, named);
    const isKnown = (name: string): boolean => {
      const feature = found.get(name);
      return feature !== undefined && feature.archivedAt === undefined;
    };
    return {
      now: tx.at,
      knownChannelIds,
      rulesOfChannel,
      unknownFeatures: named.filter((name) => !isKnown(name)),
    };
  }
}

/** By the name they were given: an id, archived or not, or the key of a live feature. */
export async function findFeatures(
  db: Db,
  features: FeatureStore,
  names: readonly string[],
): Promise<ReadonlyMap<string, Feature>> {
  if (names.length === 0) return new Map();
  const byId = await features.findMany(db, names.filter(isUlid));
  const byKey = await features.findActiveByKeys(db, names);
  return new Map([
    ...byKey.map((feature) => [feature.key, feature] as const),
    ...byId.map((feature) => [feature.id, feature] as const),
  ]);
}
