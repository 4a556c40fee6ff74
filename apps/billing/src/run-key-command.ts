import { refusal, Refused, toRfc3339, type UnitOfWork } from '@ledgerline/kernel';
import { type Access, type ApiKey, openAccess } from '@ledgerline/namespaces';
import type { KeyCommand } from './read-key-arguments.js';

const actor = 'keys command';
/** Pages of this size are read until there is no more. */
const pageSize = 1_000;

/** Does what the command line says; answers the lines to print. */
export async function runKeyCommand(unitOfWork: UnitOfWork, command: KeyCommand): Promise<string[]> {
  const access = openAccess(unitOfWork);
  switch (command.kind) {
    case 'create':
      return create(access, command);
    case 'list':
      return (await listAll(access, command.namespace)).map(lineOf);
    case 'revoke': {
      const { namespace, id } = command;
      await access.revokeApiKey.run({ namespace, actor }, id);
      return [`Revoked ${id}. Running services refuse it within five seconds.`];
    }
  }
}

async function create(access: Access, command: KeyCommand & { readonly kind: 'create' }): Promise<string[]> {
  const { namespace } = command;
  const scope = { namespace, actor };
  const isNew = !(await access.read.hasNamespace(namespace));
  const { key, apiKey } = await (isNew ? access.createNamespace : access.createApiKey).run(scope, command);
  return [
    ...(isNew ? [`Made the namespace ${namespace}.`] : []),
    `Made the key ${apiKey.id} of the namespace ${namespace} (${apiKey.scopes.join(', ')}). It is shown this once:`,
    key,
  ];
}

async function listAll(access: Access, namespace: string): Promise<ApiKey[]> {
  if (!(await access.read.hasNamespace(namespace))) {
    throw new Refused(refusal.notFound(`there is no namespace ${namespace}`));
  }
  const found: ApiKey[] = [];
  for (;;) {
    const { items, totalCount } = await access.read.listApiKeys(namespace, {
      limit: pageSize,
      offset: found.length,
    });
    found.push(...items);
    if (items.length === 0 || found.length >= totalCount) return found;
  }
}

const lineOf = (key: ApiKey): string =>
  [
    key.id,
    `${key.prefix}…`,
    key.scopes.join(','),
    `created ${toRfc3339(key.createdAt)}`,
    ...(key.expiresAt === undefined ? [] : [`expires ${toRfc3339(key.expiresAt)}`]),
    ...(key.revokedAt === undefined ? [] : [`revoked ${toRfc3339(key.revokedAt)}`]),
    key.name,
  ].join('  ');
