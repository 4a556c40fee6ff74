export { alignedBillingPeriodAt } from './aligned-billing-period.js';
export type { ItemVersion, PhaseView, SubscriptionView } from './subscription-view.js';
