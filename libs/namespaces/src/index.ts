import type { Room } from '@ledgerline/platform';
import { NamespacesModule } from './namespaces.module.js';
import { NAMESPACE_BOOTSTRAPS } from './tokens.js';

export type { ApiKey } from './core/api-key.js';
export { createAuthentication } from './create-authentication.js';
export { type Access, openAccess } from './open-access.js';
export { NAMESPACE_BOOTSTRAPS } from './tokens.js';

export const namespacesRoom: Room = {
  name: 'namespaces',
  module: NamespacesModule,
  ports: [NAMESPACE_BOOTSTRAPS],
};
