import type { FlatPrice } from '@ledgerline/catalog/core';
import {
  type Currency,
  decimal,
  type Decimal,
  floorToSecond,
  isAtOrBefore,
  isEmptyPeriod,
  periodNanoseconds,
  roundToCurrency,
} from '@ledgerline/kernel';
import type { SubscriptionView } from '@ledgerline/subscriptions/core';
import type { ScheduledLine } from './generate-lines.js';

/**
 * A fee for the part of its period that is served. Cut by the anchor, a phase or an edit it is charged by its length; cut
 * by the end of the subscription it is charged in full.
 */
export function proratedAmount(
  price: FlatPrice,
  line: Pick<ScheduledLine, 'servicePeriod' | 'fullServicePeriod'>,
  view: Pick<SubscriptionView, 'proRating' | 'activeTo'>,
  currency: Currency,
): Decimal {
  const amount = roundToCurrency(price.amount, currency);
  const { servicePeriod: service, fullServicePeriod: full } = line;
  const ends = view.activeTo !== undefined && isAtOrBefore(floorToSecond(view.activeTo), service.to);
  if (!view.proRating.enabled || ends || isEmptyPeriod(service) || isEmptyPeriod(full)) return amount;
  const served = decimal(periodNanoseconds(service)).dividedBy(decimal(periodNanoseconds(full)));
  return roundToCurrency(amount.times(served), currency);
}
