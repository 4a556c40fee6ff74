import { catalogRoom } from '@ledgerline/catalog';
import { customersRoom } from '@ledgerline/customers';
import { entitlementsRoom } from '@ledgerline/entitlements';
import { invoicingRoom } from '@ledgerline/invoicing';
import { meteringRoom } from '@ledgerline/metering';
import { namespacesRoom } from '@ledgerline/namespaces';
import { notificationsRoom } from '@ledgerline/notifications';
import type { Room } from '@ledgerline/platform';
import { providersRoom } from '@ledgerline/providers';
import { subscriptionsRoom } from '@ledgerline/subscriptions';

/**
 * The rooms of this app, downward order. A new room: export `const <name>Room: Room` from its index, add it here, and
 * bind the ports it names in bindings.ts.
 */
export const rooms: readonly Room[] = [
  namespacesRoom,
  customersRoom,
  meteringRoom,
  catalogRoom,
  entitlementsRoom,
  subscriptionsRoom,
  invoicingRoom,
  providersRoom,
  notificationsRoom,
];
