import { FEATURES } from '@ledgerline/catalog';
import type { FeatureStore } from '@ledgerline/catalog/core';
import {
  burnBalance,
  burndownHistory,
  type HistoryWindow,
  historyWindows,
  planHistory,
  type Segment,
  windowedHistory,
  type WindowSize,
} from '@ledgerline/credits/core';
import {
  acceptedOrThrow,
  ceilToMinute,
  type Clock,
  compareInstants,
  earliest,
  floorToMinute,
  type Instant,
  invariant,
  isBefore,
  latest,
  type Period,
  refusal,
  Refused,
  toRfc3339,
  type UnitOfWork,
  ZERO,
} from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { entitlementNotFound } from '../core/decide-entitlement.js';
import { lastResetOf, type MeteredEntitlement } from '../core/entitlement.js';
import { refuseFarInstant, refuseLongRun } from '../core/limits.js';
import type { GrantStore } from '../core/ports.js';
import { GRANT_STORE } from '../tokens.js';
import { AskUsage } from './ask-usage.js';
import { accountOf } from './calculate-balances.js';
import { FindOwned, type Owner } from './find-owned.js';

export interface HistoryAsk {
  /** Absent: the last reset. Rounded down to the minute. */
  readonly from?: Instant | undefined;
  /** Absent: now. Rounded up to the minute. */
  readonly to?: Instant | undefined;
  readonly windowSize: WindowSize;
  readonly windowTimeZone: string;
}

export interface History {
  readonly windows: readonly HistoryWindow[];
  readonly segments: readonly Segment[];
}

/** How a balance came about: by windows of the clock, and by the stretches in which the same grants burned. */
export class ReadHistory {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
    @Inject(AskUsage) private readonly usage: AskUsage,
  ) {}

  async run(
    namespace: string,
    place: { readonly owner: Owner; readonly idOrFeatureKey: string },
    ask: HistoryAsk,
  ): Promise<History> {
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const customer = await this.owned.customer(db, place.owner);
    const entitlement = await this.owned.entitlement(db, customer, place.idOrFeatureKey, now);
    if (entitlement === undefined) throw new Refused(entitlementNotFound(place.idOrFeatureKey));
    if (entitlement.type !== 'metered')
      throw new Refused(refusal.invalid(`entitlement ${entitlement.id} is not metered: it has no history`));
    const { from, to } = boundsOf(ask, entitlement, now);
    const { measureUsageFrom } = entitlement;
    const windows = acceptedOrThrow(
      historyWindows({ from, to, measureUsageFrom }, ask.windowSize, ask.windowTimeZone),
    );
    const [feature] = await this.features.findMany(db, [entitlement.featureId]);
    invariant(feature !== undefined, `feature ${entitlement.featureId} of an entitlement exists`);
    const aggregation = (await this.usage.aggregationsOf(db, [entitlement.meterId])).get(entitlement.meterId);
    invariant(aggregation !== undefined, 'the aggregation of the meter was read');
    const grants = await this.grants.findOf(db, [entitlement.id]);
    const account = accountOf(entitlement, grants, aggregation);
    const refused = refuseLongRun(account, to);
    if (refused !== undefined) throw new Refused(refused);
    const plan = planHistory({ ...account, from, to, windows });
    const clipped = windows.map((window) => clip(window, { from, to }));
    const values = await this.usage.run(customer, feature, [...plan.windows, ...clipped]);
    const run = burnBalance(plan, values.slice(0, plan.windows.length));
    const used = windows.map((window, at) => ({
      ...window,
      usage: values[plan.windows.length + at] ?? ZERO,
    }));
    return {
      windows: windowedHistory(run, plan.historyFrom, used),
      segments: burndownHistory(run, plan.historyFrom),
    };
  }
}

function boundsOf(ask: HistoryAsk, entitlement: MeteredEntitlement, now: Instant) {
  const refused = refuseFarInstant('$.from', ask.from) ?? refuseFarInstant('$.to', ask.to);
  if (refused !== undefined) throw new Refused(refused);
  const from = floorToMinute(ask.from ?? lastResetOf(entitlement));
  const to = ceilToMinute(ask.to ?? now);
  if (isBefore(from, entitlement.measureUsageFrom)) {
    throw new Refused(
      refusal.invalid(
        `from ${toRfc3339(from)} cannot be before the start of measurement ${toRfc3339(entitlement.measureUsageFrom)}`,
      ),
    );
  }
  if (compareInstants(from, to) > 0)
    throw new Refused(refusal.invalid(`from ${toRfc3339(from)} must not be after to ${toRfc3339(to)}`));
  return { from, to };
}

/** Usage is counted within the bounds; the window itself keeps its whole length. */
const clip = (window: Period, bounds: Period): Period => {
  const from = latest(window.from, bounds.from);
  return { from, to: latest(from, earliest(window.to, bounds.to)) };
};
