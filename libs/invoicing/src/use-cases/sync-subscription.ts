import { isBillable } from '@ledgerline/catalog/core';
import {
  type Decimal,
  type Fact,
  findCurrency,
  type Instant,
  invariant,
  isBefore,
  latest,
  newId,
  type Period,
  Temporal,
  toRfc3339,
  type Tx,
  type UnitOfWork,
  ZERO,
} from '@ledgerline/kernel';
import type { SubscriptionView } from '@ledgerline/subscriptions/core';
import { scheduleLines } from '../core/generate-lines.js';
import type { Line } from '../core/line.js';
import { planLineSync } from '../core/plan-line-sync.js';
import type { InvoicedCustomers, InvoicedSubscriptions } from '../core/ports.js';
import { type WantedLine, wantedLine } from '../core/wanted-line.js';
import { ApplyLineChanges } from './apply-line-changes.js';
import type { InvoicingStores } from './invoicing-stores.js';
import { type MeasureLines, partyOf } from './measure-lines.js';
import { type Caller, scopeOf } from './scope.js';

/** Usage of a new period of a line that an issued invoice carries: needed to know whether a person must be told. */
interface UsageToKnow {
  readonly line: Line;
  readonly period: Period;
}

interface Synced {
  readonly customerId?: string;
  readonly changes: number;
  readonly toKnow: readonly UsageToKnow[];
}

// One question round answers everything; a second one only follows when the subscription changed in between.
const roundsMax = 5;

/** Brings the lines of a subscription to what it says they should be. Twice in a row it changes nothing. */
export class SyncSubscription {
  private readonly apply: ApplyLineChanges;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly subscriptions: InvoicedSubscriptions,
    private readonly customers: InvoicedCustomers,
    private readonly measure: MeasureLines,
  ) {
    this.apply = new ApplyLineChanges(unitOfWork, stores);
  }

  async run(caller: Caller, subscriptionId: string): Promise<Omit<Synced, 'toKnow'>> {
    const known = new Map<string, Decimal>();
    for (let round = 1; round <= roundsMax; round += 1) {
      const synced = await this.unitOfWork.run(scopeOf(caller), (tx) => this.sync(tx, subscriptionId, known));
      if (synced.toKnow.length === 0) return synced;
      await this.learn(caller.namespace, synced, known);
    }
    throw new Error(
      `the subscription ${subscriptionId} changed ${roundsMax} times while it was synchronised`,
    );
  }

  private async sync(tx: Tx, subscriptionId: string, known: ReadonlyMap<string, Decimal>): Promise<Synced> {
    const first = await this.subscriptions.load(tx, subscriptionId);
    if (first === undefined) {
      await this.forget(tx, subscriptionId, '');
      return { changes: 0, toKnow: [] };
    }
    await this.customers.lock(tx, first.customerId);
    await this.stores.syncs.findForChange(tx, subscriptionId);
    const view = (await this.subscriptions.load(tx, subscriptionId)) ?? first;
    const { wanted, generatedUntil } = wantedLines(view, tx.at);
    const existing = await this.stores.lines.ofSubscription(tx, subscriptionId);
    const plan = planLineSync(existing, wanted);
    const asked = plan.flatMap((change) => (change.kind === 'warn if usage differs' ? [change] : []));
    const toKnow = asked.filter((change) => !known.has(usageKey(change)));
    if (toKnow.length > 0) return { customerId: view.customerId, changes: 0, toKnow };

    const changes = plan.filter(
      (change) =>
        change.kind !== 'warn if usage differs' ||
        known.get(usageKey(change))?.equals(billedQuantity(change.line)) !== true,
    );
    const customer = await this.customers.find(tx, view.customerId);
    invariant(customer !== undefined, `the customer ${view.customerId} of a subscription is unknown`);
    const changed = await this.apply.run(tx, { customer, currency: view.currency, changes });
    await this.stores.syncs.save(tx, {
      subscriptionId,
      customerId: view.customerId,
      hasBillables: generatedUntil !== undefined,
      syncedAt: tx.at,
      dueAt: nextSync(view, generatedUntil),
    });
    await this.unitOfWork.append(tx, changed === 0 ? [] : [syncedFact(view, changed)]);
    return { customerId: view.customerId, changes: changed, toKnow: [] };
  }

  private async learn(namespace: string, synced: Synced, known: Map<string, Decimal>): Promise<void> {
    const customer = await this.customers.find(this.unitOfWork.reader(namespace), synced.customerId ?? '');
    invariant(customer !== undefined, `the customer ${synced.customerId ?? ''} is unknown`);
    for (const { line, period } of synced.toKnow) {
      const group = await this.groupOf(namespace, line);
      const inPeriod = { line: { ...line, period }, group };
      const answer = (await this.measure.run(namespace, partyOf(customer), [inPeriod])).get(line.id);
      // What cannot be measured any more is different enough to tell a person.
      const different = billedQuantity(line).plus(1);
      known.set(
        usageKey({ line, period }),
        answer === undefined || answer.refused !== undefined ? different : answer.accepted.quantity,
      );
    }
  }

  private async groupOf(namespace: string, line: Line) {
    if (line.splitGroupId === undefined) return undefined;
    const [group] = await this.stores.lines.findGroups(this.unitOfWork.reader(namespace), [
      line.splitGroupId,
    ]);
    return group;
  }

  private forget(tx: Tx, subscriptionId: string, customerId: string): Promise<void> {
    return this.stores.syncs.save(tx, { subscriptionId, customerId, hasBillables: false, syncedAt: tx.at });
  }
}

const usageKey = ({ line, period }: UsageToKnow): string =>
  `${line.id}/${toRfc3339(period.from)}/${toRfc3339(period.to)}`;

const billedQuantity = (line: Line): Decimal => line.metered?.quantity ?? ZERO;

const aMoment = Temporal.Duration.from({ milliseconds: 1 });

/** What the subscription should have on its lines at `now`. */
function wantedLines(
  view: SubscriptionView,
  now: Instant,
): { readonly wanted: readonly WantedLine[]; readonly generatedUntil?: Instant | undefined } {
  const billable = view.phases.some((phase) => phase.items.some((item) => isBillable(item.rateCard)));
  if (view.deletedAt !== undefined || !billable) return { wanted: [] };
  const currency = findCurrency(view.currency);
  invariant(currency !== undefined, `the subscription ${view.id} has the unknown currency ${view.currency}`);
  // A moment past now: a clock that stands still can stand exactly on a border, where the next period has not begun.
  // Of a subscription with an end, the last lines are wanted as soon as the end is known.
  const soon = now.add(aMoment);
  const asOf = view.activeTo === undefined ? soon : latest(soon, view.activeTo);
  const { lines, generatedUntil } = scheduleLines(view, asOf);
  const wanted = lines.flatMap((line) => wantedLine(line, view, currency, newId) ?? []);
  return { wanted, generatedUntil };
}

/** When more lines will be wanted; never, once everything up to the end is there. */
function nextSync(view: SubscriptionView, generatedUntil: Instant | undefined): Instant | undefined {
  if (generatedUntil === undefined) return undefined;
  return view.activeTo === undefined || isBefore(generatedUntil, view.activeTo) ? generatedUntil : undefined;
}

const syncedFact = (view: SubscriptionView, changes: number): Fact => ({
  stream: `subscription-lines:${view.id}`,
  type: 'SubscriptionLinesSynced',
  data: { subscriptionId: view.id, customerId: view.customerId, changes },
});
