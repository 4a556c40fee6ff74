import { refusal, Refused } from '@ledgerline/kernel';
import { createHash } from 'node:crypto';
import type { PostgresTx } from './handles.js';
import { managerOf } from './handles.js';

// Long enough for the first request to finish, short enough that a client's own timeout does not come first.
const waitForFirst = `SET LOCAL lock_timeout = '10s'`;
const claim = `INSERT INTO idempotency_keys (namespace, route, key, input_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING key`;
const find = `SELECT input_hash, answer FROM idempotency_keys WHERE namespace = $1 AND route = $2 AND key = $3`;
const store = `UPDATE idempotency_keys SET answer = $4 WHERE namespace = $1 AND route = $2 AND key = $3`;

/** Runs `work` once per key; a repetition gets the first answer, another input under the same key a conflict. */
export async function onceUnderKey<T>(tx: PostgresTx, work: () => Promise<T>): Promise<T> {
  const scope = tx.scope.idempotency;
  if (scope === undefined) return work();
  const manager = managerOf(tx);
  const id = [tx.namespace, scope.route ?? '', scope.key];
  await manager.query(waitForFirst);
  const claimed = await manager.query<unknown[]>(claim, [...id, scope.inputHash]);
  await manager.query(`SET LOCAL lock_timeout = 0`);
  if (claimed.length === 0) {
    const [first] = await manager.query<{ input_hash: string; answer: string }[]>(find, id);
    if (first?.input_hash !== scope.inputHash) {
      throw new Refused(refusal.conflict(`the Idempotency-Key ${scope.key} was used with another request`));
    }
    return read(first.answer) as T;
  }
  const answer = JSON.stringify((await work()) ?? null);
  await manager.query(store, [...id, answer]);
  // Read back, so that the first caller gets exactly what a repetition will get.
  return read(answer) as T;
}

function read(answer: string): unknown {
  const value: unknown = JSON.parse(answer);
  return value === null ? undefined : value;
}

/** Hash of a request's input for `IdempotencyScope`: key order does not matter, anything else does. */
export const inputHashOf = (input: unknown): string =>
  createHash('sha256').update(JSON.stringify({ input }, sortedKeys)).digest('hex');

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
