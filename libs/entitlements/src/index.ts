import type { Room } from '@ledgerline/platform';
import { EntitlementsModule } from './entitlements.module.js';

export { EntitlementsModule } from './entitlements.module.js';
export { ShowBalance, type ShownBalance } from './http/show-balance.js';
export { ShowEntitlements } from './http/show-entitlements.js';
export { GuardDeletions } from './use-cases/guard-deletions.js';
export { WriteForSubscription } from './use-cases/write-for-subscription.js';

export const entitlementsRoom: Room = { name: 'entitlements', module: EntitlementsModule };
