import { describe, expect, it } from '@jest/globals';
import { buildItem, buildPhase, buildRateCard, buildSpec, duration } from '../../test/builders.js';
import { checkSpec } from './check-spec.js';
import type { PhaseSpec } from './subscription-spec.js';

describe('checkSpec', () => {
  it.each<[string, PhaseSpec, string[]]>([
    ['a spec in order', buildPhase('p', 'PT0S'), []],
    ['a phase before the start', buildPhase('p', '-PT1H'), ['subscription_phase_start_after_is_negative']],
    ['a phase without items', { ...buildPhase('p', 'PT0S'), items: [] }, ['subscription_phase_has_no_items']],
    [
      'an item under another key than its rate card',
      buildPhase('p', 'PT0S', { ...buildItem(), key: 'other' }),
      ['subscription_phase_item_key_mismatch_with_phase_key'],
    ],
    [
      'offsets before the phase',
      buildPhase(
        'p',
        'PT0S',
        buildItem({ activeFromOffset: duration('-P1D'), activeToOffset: duration('-PT1H') }),
      ),
      [
        'subscription_item_active_from_override_relative_to_phase_start_is_negative',
        'subscription_item_active_to_override_relative_to_phase_start_is_negative',
      ],
    ],
    [
      'versions that overlap, one issue per side',
      buildPhase(
        'p',
        'PT0S',
        buildItem({ activeToOffset: duration('P6D') }),
        buildItem({ activeFromOffset: duration('P5D') }),
      ),
      ['subscription_item_history_overlap', 'subscription_item_history_overlap'],
    ],
    [
      'a billable item out of step',
      buildPhase('p', 'PT0S', buildItem({ rateCard: buildRateCard({ billingCadence: 'P1W' }) })),
      ['rate_card_billing_cadence_unaligned'],
    ],
  ])('%s', (_what, phase, expected) => {
    expect(checkSpec(buildSpec({ phases: [phase] })).map(({ code }) => code)).toEqual(expected);
  });
});
