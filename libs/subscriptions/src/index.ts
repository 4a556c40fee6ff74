import type { Room } from '@ledgerline/platform';
import { SubscriptionsModule } from './subscriptions.module.js';
import { BILLING_READINESS, ENTITLEMENT_VIEWS, ENTITLEMENT_WRITER } from './tokens.js';

export { SubscriptionsModule } from './subscriptions.module.js';
export { BILLING_READINESS, ENTITLEMENT_VIEWS, ENTITLEMENT_WRITER, SUBSCRIPTIONS } from './tokens.js';
export { ShowCustomerSubscriptions } from './http/show-customer-subscriptions.js';
export { RefuseCustomerDeletion } from './use-cases/refuse-customer-deletion.js';
export { RefuseFeatureArchival } from './use-cases/refuse-feature-archival.js';

export const subscriptionsRoom: Room = {
  name: 'subscriptions',
  module: SubscriptionsModule,
  ports: [ENTITLEMENT_WRITER, ENTITLEMENT_VIEWS, BILLING_READINESS],
};
