import type { components } from '@ledgerline/contract';
import { balancesAtEnd, type Segment } from '@ledgerline/credits/core';
import { type Decimal, type Instant, sum, toRfc3339 } from '@ledgerline/kernel';
import type { History } from '../use-cases/read-history.js';

type Schemas = components['schemas'];

/** Windows are written with the offset of the zone they were cut in, stretches in UTC. */
export const historyToApi = (
  { windows, segments }: History,
  timeZone: string,
): Schemas['WindowedBalanceHistory'] => ({
  windowedHistory: windows.map(({ from, to, usage, balanceAtStart }) => ({
    period: { from: inZone(from, timeZone), to: inZone(to, timeZone) },
    usage: usage.toNumber(),
    balanceAtStart: balanceAtStart.toNumber(),
  })),
  burndownHistory: segments.map(segmentToApi),
});

function segmentToApi(segment: Segment): Schemas['GrantBurnDownHistorySegment'] {
  const atEnd = balancesAtEnd(segment);
  return {
    period: { from: toRfc3339(segment.from), to: toRfc3339(segment.to) },
    usage: segment.usage.toNumber(),
    overage: segment.overageAtEnd.toNumber(),
    balanceAtStart: sum(segment.balancesAtStart.values()).toNumber(),
    grantBalancesAtStart: balancesToApi(segment.balancesAtStart),
    balanceAtEnd: sum(atEnd.values()).toNumber(),
    grantBalancesAtEnd: balancesToApi(atEnd),
    grantUsages: segment.grantUsages.map(({ grantId, usage }) => ({ grantId, usage: usage.toNumber() })),
  };
}

const inZone = (at: Instant, timeZone: string): string =>
  timeZone === 'UTC' ? toRfc3339(at) : at.toString({ timeZone });

const balancesToApi = (balances: ReadonlyMap<string, Decimal>): Record<string, number> =>
  Object.fromEntries([...balances].map(([id, balance]) => [id, balance.toNumber()]));
