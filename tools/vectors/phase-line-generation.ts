import type { Price, RateCard } from '@ledgerline/catalog/core';
import { schedulePhase } from '@ledgerline/invoicing/core';
import {
  addDuration,
  decimal,
  type Duration,
  instant,
  type Instant,
  ONE,
  parseDuration,
  type Period,
  toRfc3339,
} from '@ledgerline/kernel';
import type { ItemVersion, PhaseView, SubscriptionView } from '@ledgerline/subscriptions/core';
import { compare, type Vector, type VectorOutcome } from './adapter.js';

interface ItemText {
  readonly key: string;
  readonly cadence: string | null;
  readonly price: 'unit' | 'flat in_advance' | 'flat in_arrears' | null;
  readonly activeFromOffset?: string;
  readonly activeToOffset?: string;
}
export interface PhaseLineGenerationVector extends Vector {
  readonly subscriptionStart: string;
  readonly subscriptionEnd?: string;
  readonly phaseStart: string;
  readonly phaseEnd?: string;
  readonly billingCadence: string;
  readonly billingAnchor: string;
  readonly items: readonly ItemText[];
  readonly generateUntil: string;
  readonly expect: unknown;
}

export function runPhaseLineGeneration(vector: PhaseLineGenerationVector): VectorOutcome {
  const view = viewOf(vector);
  const [phase] = view.phases;
  if (phase === undefined) throw new Error('no phase');
  const lines = schedulePhase(view, phase, instant(vector.generateUntil));
  return compare(
    vector.expect,
    lines.map((line) => ({
      uniqueId: line.uniqueId,
      servicePeriod: textsOf(line.servicePeriod),
      fullServicePeriod: textsOf(line.fullServicePeriod),
      billingPeriod: textsOf(line.billingPeriod),
      invoiceAt: toRfc3339(line.invoiceAt),
    })),
  );
}

const textsOf = ({ from, to }: Period): readonly string[] => [toRfc3339(from), toRfc3339(to)];
const optionalInstant = (text: string | undefined): Instant | undefined =>
  text === undefined ? undefined : instant(text);

function viewOf(vector: PhaseLineGenerationVector): SubscriptionView {
  const activeFrom = instant(vector.subscriptionStart);
  const activeTo = optionalInstant(vector.subscriptionEnd);
  const phaseStart = instant(vector.phaseStart);
  const phaseEnd = optionalInstant(vector.phaseEnd) ?? activeTo;
  const phase: PhaseView = {
    id: 'phaseID',
    key: 'phase-test',
    name: 'phase-test',
    activeFrom: phaseStart,
    activeTo: phaseEnd,
    items: vector.items.map((item, index) => itemOf(item, index, vector)),
    createdAt: activeFrom,
  };
  return {
    id: 'subID',
    namespace: 'default',
    customerId: 'customerID',
    name: 'test',
    currency: 'USD',
    billingCadence: durationOf(vector.billingCadence),
    billingAnchor: vector.billingAnchor === 'subscriptionStart' ? activeFrom : instant(vector.billingAnchor),
    proRating: { enabled: true, mode: 'prorate_prices' },
    activeFrom,
    activeTo,
    phases: [phase],
    createdAt: activeFrom,
    updatedAt: activeFrom,
  };
}

function itemOf(item: ItemText, index: number, vector: PhaseLineGenerationVector): ItemVersion {
  const phaseStart = instant(vector.phaseStart);
  const phaseEnd = optionalInstant(vector.phaseEnd ?? vector.subscriptionEnd);
  const offset = (text: string | undefined): Instant | undefined =>
    text === undefined ? undefined : addDuration(phaseStart, durationOf(text));
  return {
    id: `item-${index}`,
    key: item.key,
    version: vector.items.slice(0, index).filter((earlier) => earlier.key === item.key).length,
    rateCard: rateCardOf(item),
    activeFrom: offset(item.activeFromOffset) ?? phaseStart,
    activeTo: offset(item.activeToOffset) ?? phaseEnd,
    createdAt: phaseStart,
  };
}

function rateCardOf({ key, cadence, price }: ItemText): RateCard {
  const billingCadence = cadence === null ? undefined : durationOf(cadence);
  if (price === 'unit') {
    if (billingCadence === undefined) throw new Error('a unit price without a cadence');
    const unit: Price = { type: 'unit', amount: ONE };
    return { type: 'usage_based', key, name: key, billingCadence, price: unit };
  }
  const flat =
    price === null
      ? undefined
      : {
          type: 'flat' as const,
          amount: decimal(5),
          paymentTerm: price === 'flat in_advance' ? ('in_advance' as const) : ('in_arrears' as const),
        };
  return { type: 'flat_fee', key, name: key, billingCadence, price: flat };
}

function durationOf(text: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
}
