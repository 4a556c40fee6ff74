import { byKey, checkAlignment, checkRateCard, critical, type Issue } from '@ledgerline/catalog/core';
import { approximateSeconds } from '@ledgerline/kernel';
import { materialise, overlaps } from './materialise.js';
import type { ItemSpec, PhaseSpec, SubscriptionSpec } from './subscription-spec.js';

/** Everything that must hold before a spec becomes a subscription. Any issue refuses it. */
export function checkSpec(spec: SubscriptionSpec): readonly Issue[] {
  const issues = spec.phases.flatMap((phase) => checkPhase(phase, spec));
  return [...issues, ...checkHistories(spec)];
}

const fieldOf = (phase: PhaseSpec): string => `$.${byKey('phases', phase.key)}`;

function checkPhase(phase: PhaseSpec, spec: SubscriptionSpec): readonly Issue[] {
  const field = fieldOf(phase);
  const issues: Issue[] = [];
  if (approximateSeconds(phase.startAfter) < 0) {
    const message = 'a phase cannot start before its subscription';
    issues.push(critical('subscription_phase_start_after_is_negative', `${field}.startAfter`, message));
  }
  if (phase.items.length === 0) {
    issues.push(critical('subscription_phase_has_no_items', field, 'a phase needs at least one item'));
  }
  for (const item of phase.items) {
    const at = `${field}.${byKey('items', item.key)}`;
    if (item.key !== item.rateCard.key) {
      const message = 'the key of an item is the key of its rate card';
      issues.push(critical('subscription_phase_item_key_mismatch_with_phase_key', `${at}.key`, message));
    }
    issues.push(
      ...checkOffsets(item, at),
      ...checkRateCard(item.rateCard, at),
      ...checkAlignment(item.rateCard, spec.billingCadence, at),
    );
  }
  return issues;
}

function checkOffsets(item: ItemSpec, field: string): readonly Issue[] {
  const isNegative = (offset: ItemSpec['activeFromOffset']): boolean =>
    offset !== undefined && approximateSeconds(offset) < 0;
  const message = 'cannot lie before the start of the phase';
  const from = 'subscription_item_active_from_override_relative_to_phase_start_is_negative';
  const to = 'subscription_item_active_to_override_relative_to_phase_start_is_negative';
  return [
    ...(isNegative(item.activeFromOffset) ? [critical(from, field, message)] : []),
    ...(isNegative(item.activeToOffset) ? [critical(to, field, message)] : []),
  ];
}

/** Versions of one key must not overlap; each of the two gets an issue. */
function checkHistories(spec: SubscriptionSpec): readonly Issue[] {
  return materialise(spec).flatMap((phase) =>
    phase.items.flatMap((item, index) =>
      phase.items.slice(index + 1).flatMap((other) => {
        if (item.spec.key !== other.spec.key || !overlaps(item, other)) return [];
        const field = `${fieldOf(phase.spec)}.${byKey('items', item.spec.key)}`;
        return [item, other].map(({ version }) =>
          critical('subscription_item_history_overlap', `${field}[${version}]`, 'overlaps another version'),
        );
      }),
    ),
  );
}
