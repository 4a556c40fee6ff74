import type { Scope } from '@ledgerline/contract';

// The operator looks after the installation and sees nothing of a namespace by that alone.
const implied: Readonly<Record<Scope, readonly Scope[]>> = {
  ingest: ['ingest'],
  read: ['read'],
  write: ['write', 'read', 'ingest'],
  admin: ['admin', 'write', 'read', 'ingest'],
  operator: ['operator'],
};

/** Whether one of the scopes that a key has is enough for the one that is needed. */
export const allows = (held: readonly Scope[], needed: Scope): boolean =>
  held.some((scope) => implied[scope].includes(needed));
