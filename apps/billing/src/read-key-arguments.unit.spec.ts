import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { readKeyArguments } from './read-key-arguments.js';

const read = (line: string) => readKeyArguments(line.split(' '));

describe('the command line of keys', () => {
  it('reads each command', () => {
    expect(read('create --namespace acme --name ci')).toEqual({
      kind: 'create',
      namespace: 'acme',
      name: 'ci',
      scopes: ['admin'],
      expiresAt: undefined,
    });
    expect(
      read('create --namespace acme --name ci --scopes ingest,read --expires 2027-01-01T00:00:00Z'),
    ).toMatchObject({ scopes: ['ingest', 'read'], expiresAt: instant('2027-01-01T00:00:00Z') });
    expect(read('list --namespace acme')).toEqual({ kind: 'list', namespace: 'acme' });
    expect(read('revoke --namespace acme --id 01abc')).toEqual({
      kind: 'revoke',
      namespace: 'acme',
      id: '01ABC',
    });
    expect(read('create --help')).toBeUndefined();
    expect(readKeyArguments([])).toBeUndefined();
  });

  it.each([
    ['destroy', 'unknown command destroy'],
    ['create --name ci', 'create needs --namespace'],
    ['create --namespace acme', 'create needs --name'],
    ['create --namespace acme --name ci --scopes all', 'there is no scope all'],
    ['create --namespace acme --name ci --expires soon', '--expires soon is not a time'],
    ['revoke --namespace acme', 'revoke needs --id'],
    ['list --namespace acme --everything', '--everything'],
  ])('refuses %s', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });
});
