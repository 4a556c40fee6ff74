import { type Clock, earliest, invariant, Refused, sameInstant, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideResetEvents, decideThresholdEvents, type UsageReset } from '../core/decide-events.js';
import type { Delivery } from '../core/delivery.js';
import type { EntitlementView, EntitlementViews, RuleStore, WatchStore } from '../core/ports.js';
import { coversFeature, type Rule } from '../core/rule.js';
import { afterLook, type Look, planLook, unwatched, type Watch } from '../core/watch.js';
import { ENTITLEMENT_VIEWS, RULE_STORE, WATCH_STORE } from '../tokens.js';
import { type EventDraft, RaiseEvent } from './raise-event.js';
import { workerScope } from './scope.js';

/** Names the job that looks at one entitlement. Its payload: `id`. */
export const evaluateJob = 'notifications.evaluate';

// One job replays at most so many changes, or looks again so often because another one looked at the same time; the rest is still
// due.
const looksMax = 50;

/** Everything that is known when something is to be told. */
interface Findings {
  readonly watch: Watch;
  readonly look: Look;
  readonly view: EntitlementView | undefined;
  readonly drafts: readonly EventDraft[];
  readonly trouble: string;
}

/** Looks at an entitlement and raises what its rules want told. Safe to run twice and side by side: nothing is told twice. */
export class EvaluateEntitlement {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RULE_STORE) private readonly rules: RuleStore,
    @Inject(WATCH_STORE) private readonly watches: WatchStore,
    @Inject(ENTITLEMENT_VIEWS) private readonly views: EntitlementViews,
    @Inject(RaiseEvent) private readonly raise: RaiseEvent,
  ) {}

  /** Its usage changed: looks now. */
  run(namespace: string, entitlementId: string): Promise<void> {
    return this.look(namespace, entitlementId, true);
  }

  /** Looks if somebody asked for it or time has changed it. */
  runDue(namespace: string, entitlementId: string): Promise<void> {
    return this.look(namespace, entitlementId, false);
  }

  private async look(namespace: string, entitlementId: string, wished: boolean): Promise<void> {
    let isWished = wished;
    for (let looks = 0; looks < looksMax; looks += 1) {
      const findings = await this.find(namespace, entitlementId, isWished);
      if (findings === undefined) return;
      const raised = await this.commit(namespace, entitlementId, findings);
      if (raised === undefined) continue; // another look came first: what it told is to be known before we tell
      await this.raise.hurry(raised);
      if (findings.look.kind === 'wish') isWished = false;
    }
    invariant(!isWished, `entitlement ${entitlementId} was not looked at: it is always being looked at`);
  }

  private async find(
    namespace: string,
    entitlementId: string,
    isWished: boolean,
  ): Promise<Findings | undefined> {
    const db = this.unitOfWork.reader(namespace);
    const rules = await this.rules.findAwake(db, ['entitlements.balance.threshold', 'entitlements.reset']);
    const [first, ...others] = rules.flatMap(({ awakeSince }) => awakeSince ?? []);
    // Nobody would be told. What is due stays due until a rule wakes.
    if (first === undefined) return undefined;
    const watch = (await this.watches.find(db, entitlementId)) ?? unwatched(entitlementId);
    const now = this.clock.now().round('millisecond');
    const look = planLook(watch, { now, awakeSince: earliest(first, ...others), isWished });
    if (look === undefined) return undefined;
    try {
      const view = await this.views.at(namespace, entitlementId, look.at);
      const drafts = view === undefined ? [] : await this.draftsOf(namespace, { watch, look, rules }, view);
      return { watch, look, view, drafts, trouble: '' };
    } catch (error) {
      // Not calculable: told by the row, and looked at again when something changes.
      if (!(error instanceof Refused)) throw error;
      return { watch, look, view: undefined, drafts: [], trouble: error.message };
    }
  }

  private async draftsOf(
    namespace: string,
    { watch, look, rules }: { readonly watch: Watch; readonly look: Look; readonly rules: readonly Rule[] },
    view: EntitlementView,
  ): Promise<readonly EventDraft[]> {
    const covering = rules.filter((rule) => coversFeature(rule, view.entitlement.feature));
    if (covering.length === 0 || view.balance === undefined) return [];
    const drafts: EventDraft[] = [];
    for (const reset of resetsOf(watch, look, view)) {
      const events = decideResetEvents(covering, view.entitlement, reset);
      if (events.length === 0) continue;
      const then = await this.viewOf(namespace, reset, view);
      drafts.push(...events.map(({ rule, once }) => draftOf(then, { rule, once })));
    }
    const thresholds = decideThresholdEvents(covering, view.entitlement, {
      balance: view.balance,
      period: view.period,
    });
    for (const { rule, once, threshold } of thresholds) {
      const { type, value } = threshold;
      const draft = draftOf(view, { rule, once });
      drafts.push({
        ...draft,
        data: { ...view.data, threshold: { type, value: value.toNumber() } },
        annotations: {
          ...draft.annotations,
          ...(once.kind === 'series' && { 'event.balance.dedupe.hash': once.series }),
        },
      });
    }
    return drafts;
  }

  /** As it was when the period began, whenever we come to look; as it is when it was not active then. */
  private async viewOf(
    namespace: string,
    { periodStart, isByHand }: UsageReset,
    view: EntitlementView,
  ): Promise<EntitlementView> {
    if (!isByHand) return view;
    const then = await this.views.at(namespace, view.entitlement.id, periodStart);
    return then?.balance === undefined ? view : then;
  }

  /** What was raised; undefined when somebody else looked meanwhile. */
  private commit(
    namespace: string,
    entitlementId: string,
    { watch, look, view, drafts, trouble }: Findings,
  ): Promise<readonly Delivery[] | undefined> {
    return this.unitOfWork.run(workerScope(namespace, evaluateJob), async (tx) => {
      const current = await this.watches.lock(tx, entitlementId);
      if (current.looks !== watch.looks) return undefined;
      const raised: Delivery[] = [];
      for (const draft of drafts) raised.push(...((await this.raise.run(tx, draft))?.deliveries ?? []));
      const isGone = trouble === '' && (view === undefined || view.isOver);
      if (isGone) await this.watches.remove(tx, entitlementId);
      else {
        const nextChangeAt = view?.nextChangeAt;
        await this.watches.update(tx, afterLook(watch, current, { look, nextChangeAt }), trouble);
      }
      return raised;
    });
  }
}

/** What began a usage period: time, at the very instant of this look, or somebody's hand since the last one. */
const resetsOf = (watch: Watch, look: Look, view: EntitlementView): readonly UsageReset[] =>
  look.kind === 'change'
    ? sameInstant(view.period.from, look.at)
      ? [{ periodStart: look.at, happenedAt: look.at, isByHand: false }]
      : []
    : watch.resets.map(({ effectiveAt, recordedAt }) => ({
        periodStart: effectiveAt,
        happenedAt: recordedAt,
        isByHand: true,
      }));

function draftOf(view: EntitlementView, { rule, once }: Pick<EventDraft, 'rule' | 'once'>): EventDraft {
  const { topic, customer, data } = view;
  const named: readonly (readonly [string, string | undefined])[] = [
    ['event.feature.id', topic.featureId],
    ['event.feature.key', topic.featureKey],
    ['event.subject.id', topic.subjectId],
    ['event.subject.key', topic.subjectKey],
    ['event.customer.id', customer.id],
    ['event.customer.key', customer.key],
  ];
  const annotations = Object.fromEntries(
    named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  return { rule, once, topic, data, annotations };
}
