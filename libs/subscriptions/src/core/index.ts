export { addDurations } from './add-durations.js';
export { alignedBillingPeriodAt } from './aligned-billing-period.js';
export { checkSpec } from './check-spec.js';
export { type Cadence, hasLength, isActiveAt, materialise, overlaps } from './materialise.js';
export type * from './ports.js';
export { type Item, type Phase, type Subscription, viewOf } from './subscription.js';
export {
  hasBillables,
  type ItemSpec,
  type PhaseSpec,
  specFromPlan,
  type SubscriptionSpec,
  type SubscriptionTerms,
} from './subscription-spec.js';
export { type SubscriptionStatus, subscriptionStatusAt } from './subscription-status.js';
export type { ItemVersion, PhaseView, SubscriptionView } from './subscription-view.js';
