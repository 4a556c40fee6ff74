import type { Room } from '@ledgerline/platform';
import { NotificationsModule } from './notifications.module.js';

export { NotificationsModule } from './notifications.module.js';
export { EvaluateEntitlement } from './use-cases/evaluate-entitlement.js';

export const notificationsRoom: Room = { name: 'notifications', module: NotificationsModule };
