import type { Room } from '@ledgerline/platform';
import { CustomersModule } from './customers.module.js';
import { CUSTOMER_DELETION_GUARDS, CUSTOMER_SUBSCRIPTIONS } from './tokens.js';

export { CustomersModule } from './customers.module.js';
export { ShowCustomer } from './http/show-customer.js';
export { CUSTOMER_DELETION_GUARDS, CUSTOMER_SUBSCRIPTIONS, CUSTOMERS } from './tokens.js';
export { LookUpSubjectNames } from './use-cases/look-up-subject-names.js';
export { LookUpUsageAttribution } from './use-cases/look-up-usage-attribution.js';

export const customersRoom: Room = {
  name: 'customers',
  module: CustomersModule,
  ports: [CUSTOMER_DELETION_GUARDS, CUSTOMER_SUBSCRIPTIONS],
};
