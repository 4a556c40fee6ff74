import { isFlat } from '@ledgerline/catalog/core';
import {
  type Instant,
  isAtOrBefore,
  isBefore,
  isEmptyPeriod,
  type Period,
  sameInstant,
  samePeriod,
} from '@ledgerline/kernel';
import { isLive, type Line, type SplitGroup, type SubscriptionReference } from './line.js';
import type { WantedLine } from './wanted-line.js';

/** Where a line sits decides what may happen to it. A deleted invoice keeps its lines as they were. */
export type LinePlace = 'gathering' | 'mutable' | 'immutable' | 'deleted invoice';

export interface PlacedLine {
  readonly line: Line;
  readonly place: LinePlace;
}

/** What a subscription has so far under one unique id. */
export type ExistingLine =
  | ({ readonly kind: 'line' } & PlacedLine)
  | { readonly kind: 'group'; readonly group: SplitGroup; readonly children: readonly PlacedLine[] };

export type LineChange =
  | { readonly kind: 'create'; readonly wanted: WantedLine }
  /** Whole new values; `undelete` brings a deleted line back. */
  | {
      readonly kind: 'update';
      readonly line: Line;
      readonly place: LinePlace;
      readonly set: LineUpdate;
    }
  | { readonly kind: 'delete'; readonly line: Line; readonly place: LinePlace }
  | { readonly kind: 'update group'; readonly group: SplitGroup; readonly period: Period }
  | { readonly kind: 'delete group'; readonly group: SplitGroup }
  /** The invoice has left our hands: a person must decide. */
  | { readonly kind: 'warn'; readonly line: Line; readonly reason: 'amount' | 'deleted' }
  /** A warning only if usage of the new period is not what was billed. */
  | { readonly kind: 'warn if usage differs'; readonly line: Line; readonly period: Period };

export interface LineUpdate {
  readonly period: Period;
  readonly invoiceAt: Instant;
  readonly price: Line['price'];
  readonly subscription: SubscriptionReference | undefined;
  readonly undelete: boolean;
}

/** What to change so that the lines of a subscription are the wanted ones. Run on its own outcome it changes nothing. */
export function planLineSync(
  existing: ReadonlyMap<string, ExistingLine>,
  wanted: readonly WantedLine[],
): readonly LineChange[] {
  const wantedIds = new Set(wanted.map((line) => line.uniqueId));
  const unwanted = [...existing].filter(([uniqueId]) => !wantedIds.has(uniqueId));
  return [
    ...unwanted.flatMap(([, found]) => planRemoval(found)),
    ...wanted.flatMap((line) => planOne(existing.get(line.uniqueId), line)),
  ];
}

function planRemoval(found: ExistingLine): readonly LineChange[] {
  if (found.kind === 'line') return found.line.managedBy === 'manual' ? [] : removeLine(found);
  if (!isLive(found.group)) return [];
  return [{ kind: 'delete group', group: found.group }, ...found.children.flatMap(removeLine)];
}

function removeLine({ line, place }: PlacedLine): readonly LineChange[] {
  if (!isLive(line) || place === 'deleted invoice') return [];
  return place === 'immutable'
    ? [{ kind: 'warn', line, reason: 'deleted' }]
    : [{ kind: 'delete', line, place }];
}

function planOne(found: ExistingLine | undefined, wanted: WantedLine): readonly LineChange[] {
  if (found === undefined) return [{ kind: 'create', wanted }];
  return found.kind === 'line' ? planLine(found, wanted) : planGroup(found.group, found.children, wanted);
}

function planLine({ line, place }: PlacedLine, wanted: WantedLine): readonly LineChange[] {
  if (line.managedBy === 'manual' || place === 'deleted invoice') return [];
  if (place === 'immutable') return warnings(line, wanted.period, wanted.terms.price);
  return update(
    { line, place },
    {
      period: wanted.period,
      // On a standard invoice the line has been invoiced: the date says when, and is no plan any more.
      invoiceAt: place === 'gathering' ? wanted.invoiceAt : line.invoiceAt,
      price: wanted.terms.price,
      subscription: wanted.subscription,
    },
  );
}

/** The amount of a fee that was billed and would now be another, or usage that would now be counted elsewhere. */
function warnings(line: Line, period: Period, price: Line['price']): readonly LineChange[] {
  if (isFlat(price) && isFlat(line.price)) {
    return price.amount.equals(line.price.amount) ? [] : [{ kind: 'warn', line, reason: 'amount' }];
  }
  return samePeriod(line.period, period) ? [] : [{ kind: 'warn if usage differs', line, period }];
}

function update({ line, place }: PlacedLine, wanted: Omit<LineUpdate, 'undelete'>): readonly LineChange[] {
  const flat = isFlat(line.price) && isFlat(wanted.price);
  // Only the amount of a fee follows the subscription; every other price is part of the item's version.
  const price = flat ? wanted.price : line.price;
  const set: LineUpdate = { ...wanted, price, undelete: !isLive(line) };
  const same =
    isLive(line) &&
    samePeriod(line.period, set.period) &&
    sameInstant(line.invoiceAt, set.invoiceAt) &&
    samePrice(line.price, price) &&
    sameReference(line.subscription, set.subscription);
  return same ? [] : [{ kind: 'update', line, place, set }];
}

const samePrice = (a: Line['price'], b: Line['price']): boolean =>
  isFlat(a) && isFlat(b) ? a.amount.equals(b.amount) && a.paymentTerm === b.paymentTerm : a === b;

const sameReference = (
  a: SubscriptionReference | undefined,
  b: SubscriptionReference | undefined,
): boolean =>
  a === undefined || b === undefined
    ? a === b
    : a.subscriptionId === b.subscriptionId &&
      a.phaseId === b.phaseId &&
      a.itemId === b.itemId &&
      samePeriod(a.billingPeriod, b.billingPeriod);

/** The parts keep tiling the service period: the last one follows its end, parts beyond the end go. */
function planGroup(
  group: SplitGroup,
  children: readonly PlacedLine[],
  wanted: WantedLine,
): readonly LineChange[] {
  const end = wanted.period.to;
  const groupChange: readonly LineChange[] = samePeriod(group.period, wanted.period)
    ? []
    : [{ kind: 'update group', group, period: wanted.period }];
  const inOrder = [...children].sort((a, b) => (isBefore(a.line.period.from, b.line.period.from) ? -1 : 1));
  const last = inOrder.findLast((child) => isLive(child.line));
  return [...groupChange, ...inOrder.flatMap((child) => planChild(child, { end, last, wanted }))];
}

interface ChildScope {
  readonly end: Instant;
  readonly last: PlacedLine | undefined;
  readonly wanted: WantedLine;
}

function planChild(child: PlacedLine, { end, last, wanted }: ChildScope): readonly LineChange[] {
  const { line, place } = child;
  if (place === 'deleted invoice') return [];
  const { from, to } = line.period;
  if (isAtOrBefore(end, from)) return removeLine(child);
  const isLast = last?.line.id === line.id;
  const cut = isBefore(end, to);
  if (!cut && !(isLast && isBefore(to, end))) return [];
  const period = { from, to: end };
  if (isEmptyPeriod(period)) return removeLine(child);
  if (place === 'immutable') return isLive(line) ? warnings(line, period, line.price) : [];
  const moves = cut || place === 'gathering';
  return [
    {
      kind: 'update',
      line,
      place,
      set: {
        period,
        invoiceAt: cut ? end : moves ? wanted.invoiceAt : line.invoiceAt,
        price: line.price,
        subscription: line.subscription,
        // A person's deletion stands; only its period follows.
        undelete: false,
      },
    },
  ];
}
