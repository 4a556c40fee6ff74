import { type Scope, scopes } from '@ledgerline/contract';
import { type Instant, instant } from '@ledgerline/kernel';
import { parseArgs } from 'node:util';

export type KeyCommand =
  | {
      readonly kind: 'create';
      readonly namespace: string;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly expiresAt: Instant | undefined;
    }
  | { readonly kind: 'list'; readonly namespace: string }
  | { readonly kind: 'revoke'; readonly namespace: string; readonly id: string };

export const usage = `npm run keys -- create --namespace NAME --name TEXT [--scopes A,B] [--expires TIME]
npm run keys -- list   --namespace NAME
npm run keys -- revoke --namespace NAME --id ID

  --scopes   ingest, read, write (read, ingest and changes), admin (write and the namespace's keys), operator (namespaces
             and the clock of the installation); admin when left out
  --expires  RFC 3339, such as 2027-01-01T00:00:00Z; valid until revoked when left out

create makes the namespace when there is none of that name, and prints the key: it is shown this once.
Which instance: --config FILE, --data DIR, --port N and LEDGERLINE_* variables, as for npm start.`;

/** A command line that cannot be understood; the message says what to write instead. */
export class KeyArgumentError extends Error {
  override readonly name = 'KeyArgumentError';
}

/** Reads `create --namespace acme --name ci`; undefined when help was asked for. */
export function readKeyArguments(argv: readonly string[]): KeyCommand | undefined {
  const [kind, ...rest] = argv;
  if (kind === undefined || kind === 'help' || argv.includes('--help')) return undefined;
  const values = parse(rest);
  const need = (name: 'namespace' | 'name' | 'id'): string => {
    const value = values[name];
    if (value === undefined || value === '') throw new KeyArgumentError(`${kind} needs --${name}`);
    return value;
  };
  switch (kind) {
    case 'create':
      return {
        kind,
        namespace: need('namespace'),
        name: need('name'),
        scopes: readScopes(values.scopes ?? 'admin'),
        expiresAt: values.expires === undefined ? undefined : readInstant(values.expires),
      };
    case 'list':
      return { kind, namespace: need('namespace') };
    case 'revoke':
      return { kind, namespace: need('namespace'), id: need('id').toUpperCase() };
    default:
      throw new KeyArgumentError(`unknown command ${kind}; there are create, list and revoke`);
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = { namespace: text, name: text, scopes: text, expires: text, id: text };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new KeyArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readScopes(list: string): Scope[] {
  return list.split(',').map((text) => {
    const name = text.trim();
    const scope = scopes.find((one) => one === name);
    if (scope === undefined)
      throw new KeyArgumentError(`there is no scope ${name}; there are ${scopes.join(', ')}`);
    return scope;
  });
}

function readInstant(text: string): Instant {
  try {
    return instant(text);
  } catch (error) {
    throw new KeyArgumentError(`--expires ${text} is not a time such as 2027-01-01T00:00:00Z`, {
      cause: error,
    });
  }
}
