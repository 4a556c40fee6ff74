import { operationRow, type OperationId } from './operations.js';

/** What a credential may do. `operator` concerns the whole installation and not one namespace. */
export const scopes = ['ingest', 'read', 'write', 'admin', 'operator'] as const;
export type Scope = (typeof scopes)[number];

/**
 * Operations that find out themselves who asks: the HTTP layer demands no API key and sets a caller without a namespace.
 * An entry stands for code that checks another credential, and opens the operation to everybody until that code exists.
 */
const ownAuthentication: Readonly<Partial<Record<OperationId, string>>> = {
  queryPortalMeter: 'A portal token says who asks, and for which subject.',
  appStripeWebhook: 'Stripe signs what it sends.',
};

// What the method does not tell.
const exceptions: Readonly<Partial<Record<OperationId, Scope>>> = {
  ingestEvents: 'ingest',
  // A question too long for a URL is still a question.
  queryMeterPost: 'read',
  simulateInvoice: 'read',
  listApiKeys: 'admin',
  createApiKey: 'admin',
  revokeApiKey: 'admin',
  listNamespaces: 'operator',
  createNamespace: 'operator',
  // There is one clock for all namespaces.
  setClock: 'operator',
};

/** The scope that an operation needs; `own` when it authenticates by itself. */
export function accessOf(id: OperationId): Scope | 'own' {
  if (ownAuthentication[id] !== undefined) return 'own';
  return exceptions[id] ?? (operationRow(id).method === 'GET' ? 'read' : 'write');
}
