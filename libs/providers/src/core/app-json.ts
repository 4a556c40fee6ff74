import type { components } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { App } from './app.js';
import { listings } from './listings.js';

/** The contract's form, which invoices and profiles embed too. Of the types only the sandbox can be installed yet. */
export function appToApi(app: App): components['schemas']['App'] {
  const { id, name, description, metadata, status, deletedAt } = app;
  return {
    id,
    type: 'sandbox',
    name,
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
    listing: listings[app.type],
    status,
    createdAt: toRfc3339(app.createdAt),
    updatedAt: toRfc3339(app.updatedAt),
    ...(deletedAt === undefined ? {} : { deletedAt: toRfc3339(deletedAt) }),
  };
}
