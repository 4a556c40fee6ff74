import { type Price, isFlat } from '@ledgerline/catalog/core';
import {
  earliest,
  floorToSecond,
  type Instant,
  intersectPeriods,
  invariant,
  isAtOrBefore,
  isBefore,
  isEmptyPeriod,
  latest,
  type Period,
  recurrencePeriodAt,
  sameInstant,
} from '@ledgerline/kernel';
import {
  alignedBillingPeriodAt,
  type ItemVersion,
  type PhaseView,
  type SubscriptionView,
} from '@ledgerline/subscriptions/core';

/** When something of a subscription is to be billed, before what it costs. All instants are on full seconds. */
export interface ScheduledLine {
  /** Names the line for its whole life, whichever invoice carries it. */
  readonly uniqueId: string;
  readonly phase: PhaseView;
  readonly item: ItemVersion;
  readonly price: Price;
  /** What the customer was served in this line; a part of the full period where an item starts or ends in between. */
  readonly servicePeriod: Period;
  readonly fullServicePeriod: Period;
  readonly billingPeriod: Period;
  readonly invoiceAt: Instant;
}

export interface Schedule {
  readonly lines: readonly ScheduledLine[];
  /** Up to here everything is generated; undefined when nothing of the subscription costs anything. */
  readonly generatedUntil?: Instant | undefined;
}

// An item billed by the hour for eleven years: all its periods count, also those billed long ago, so that a lower limit
// would one day stop the billing of a customer who only stayed. More is an anchor or a clock gone wrong.
const linesOfOneItemMax = 100_000;

/** Every line that should exist as of an instant: those of the billing period it lies in, and of all before. */
export function scheduleLines(view: SubscriptionView, asOf: Instant): Schedule {
  const lines: ScheduledLine[] = [];
  let generatedUntil: Instant | undefined;
  const usual = generationLimit(view, asOf);
  for (const phase of view.phases) {
    const starts = pricedVersions(view, phase).map(({ item }) => item.activeFrom);
    const [first, ...others] = starts;
    if (first === undefined || isEmptyPhase(view, phase)) continue;
    // A paid phase that is yet to come shows its first lines at once.
    const limit = isBefore(usual, phase.activeFrom) ? floorToSecond(earliest(first, ...others)) : usual;
    lines.push(...schedulePhase(view, phase, limit));
    generatedUntil = generatedUntil === undefined ? limit : latest(generatedUntil, limit);
    const end = endOfPhase(view, phase);
    if (end === undefined || isAtOrBefore(asOf, end)) break;
  }
  return { lines, generatedUntil };
}

/** The end of the billing period that `asOf` lies in. Exactly on a border the next period has not begun to be billed. */
export function generationLimit(view: SubscriptionView, asOf: Instant): Instant {
  if (isBefore(asOf, view.activeFrom)) return view.activeFrom;
  const period = alignedBillingPeriodAt(view, asOf);
  return sameInstant(period.from, asOf) ? asOf : period.to;
}

/** The lines of one phase whose invoicing is due at or before `limit`, which counts to the end of its second. */
export function schedulePhase(
  view: SubscriptionView,
  phase: PhaseView,
  limit: Instant,
): readonly ScheduledLine[] {
  return pricedVersions(view, phase).flatMap((priced) => scheduleItem({ view, phase, limit, ...priced }));
}

interface Scope {
  readonly view: SubscriptionView;
  readonly phase: PhaseView;
  readonly limit: Instant;
  readonly item: ItemVersion;
  readonly price: Price;
}

const endOfPhase = (view: SubscriptionView, phase: PhaseView): Instant | undefined =>
  earliestOf(phase.activeTo, view.activeTo);

const isEmptyPhase = (view: SubscriptionView, phase: PhaseView): boolean => {
  const end = endOfPhase(view, phase);
  return end !== undefined && isAtOrBefore(end, phase.activeFrom);
};

/** Versions with a price that come to be before the phase and the subscription end. */
function pricedVersions(
  view: SubscriptionView,
  phase: PhaseView,
): readonly { readonly item: ItemVersion; readonly price: Price }[] {
  const end = endOfPhase(view, phase);
  return phase.items.flatMap((item) => {
    const { price } = item.rateCard;
    const starts = end === undefined || isBefore(item.activeFrom, end);
    return price === undefined || !starts ? [] : [{ item, price }];
  });
}

function scheduleItem(scope: Scope): readonly ScheduledLine[] {
  const { item } = scope;
  const cadence = item.rateCard.billingCadence;
  const prefix = `${scope.view.id}/${scope.phase.key}/${item.key}/v[${item.version}]`;
  const end = earliestOf(item.activeTo, endOfPhase(scope.view, scope.phase));
  if (end !== undefined && isBefore(end, item.activeFrom)) return [];
  if (cadence === undefined) return onceOnly(scope, prefix, end);

  const lines: ScheduledLine[] = [];
  const recurrence = { interval: cadence, anchor: scope.view.billingAnchor };
  let at = item.activeFrom;
  for (let index = 0; end === undefined || isBefore(at, end); index += 1) {
    invariant(index < linesOfOneItemMax, `${prefix} has more than ${linesOfOneItemMax} periods`);
    const full = recurrencePeriodAt(recurrence, at);
    const service = intersectPeriods(full, { from: item.activeFrom, to: end ?? full.to });
    invariant(
      service !== undefined && isBefore(at, service.to),
      `${prefix} stands still at ${at.toString()}`,
    );
    const line = scheduled(scope, `${prefix}/period[${index}]`, {
      service,
      full,
      billing: alignedBillingPeriodAt(scope.view, at),
    });
    if (isBefore(floorToSecond(scope.limit), line.invoiceAt)) break;
    if (isFlat(scope.price) || !isEmptyPeriod(line.servicePeriod)) lines.push(line);
    at = service.to;
  }
  return lines;
}

/** A fee without a cadence is there from the start, whenever it will be due. In arrears it waits for a known end. */
function onceOnly(scope: Scope, uniqueId: string, end: Instant | undefined): readonly ScheduledLine[] {
  const { item, price, phase, view } = scope;
  const full = { from: item.activeFrom, to: phase.activeTo ?? view.activeTo ?? end ?? item.activeFrom };
  const service = { from: item.activeFrom, to: end ?? full.to };
  if (!isInAdvance(price) && isEmptyPeriod(full)) return [];
  const billing = alignedBillingPeriodAt(view, item.activeFrom);
  return [scheduled(scope, uniqueId, { service, full, billing })];
}

function scheduled(
  { phase, item, price }: Scope,
  uniqueId: string,
  periods: { readonly service: Period; readonly full: Period; readonly billing: Period },
): ScheduledLine {
  const servicePeriod = toSeconds(periods.service);
  const billingPeriod = toSeconds(periods.billing);
  return {
    uniqueId,
    phase,
    item,
    price,
    servicePeriod,
    fullServicePeriod: toSeconds(periods.full),
    billingPeriod,
    invoiceAt: isInAdvance(price) ? billingPeriod.from : latest(servicePeriod.to, billingPeriod.to),
  };
}

export const isInAdvance = (price: Price): boolean => isFlat(price) && price.paymentTerm === 'in_advance';

const toSeconds = ({ from, to }: Period): Period => ({ from: floorToSecond(from), to: floorToSecond(to) });

const earliestOf = (a: Instant | undefined, b: Instant | undefined): Instant | undefined =>
  a === undefined ? b : b === undefined ? a : earliest(a, b);
