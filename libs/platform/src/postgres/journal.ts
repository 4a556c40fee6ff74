import type { Fact } from '@ledgerline/kernel';
import { instantToDb } from './instant-column.js';
import { managerOf, type PostgresTx } from './handles.js';

const lockStreams = `SELECT pg_advisory_xact_lock(hashtextextended(stream, 0)) FROM unnest($1::text[]) AS stream`;

// One statement for all facts: versions follow the last one of their stream, positions the order of the array.
const appendFacts = `
INSERT INTO journal (namespace, stream, version, type, schema, data, cause, actor, idempotency_key, input_hash, occurred_at, xid)
SELECT $1, f.stream, coalesce(last.version, 0) + row_number() OVER (PARTITION BY f.stream ORDER BY f.index),
       f.type, f.schema, coalesce(f.data, 'null'), $3, $4, $5, $6, $7, greatest(pg_current_xact_id(), last.xid)
FROM jsonb_to_recordset($2::jsonb) AS f (index int, stream text, type text, schema int, data jsonb)
LEFT JOIN LATERAL (
  SELECT version, xid FROM journal WHERE namespace = $1 AND stream = f.stream ORDER BY version DESC LIMIT 1
) AS last ON true
ORDER BY f.index`;

/** Appends to the journal within the transaction. Writers of one stream wait for each other here. */
export async function appendToJournal(tx: PostgresTx, facts: readonly Fact[]): Promise<void> {
  if (facts.length === 0) return;
  const manager = managerOf(tx);
  // Sorted, so that two transactions with the same streams never wait for each other crosswise.
  const streams = [...new Set(facts.map((fact) => `${tx.namespace}/${fact.stream}`))].sort();
  await manager.query(lockStreams, [streams]);
  const rows = facts.map(({ stream, type, schema = 1, data }, index) => ({
    index,
    stream,
    type,
    schema,
    data,
  }));
  const { cause, actor, idempotency } = tx.scope;
  await manager.query(appendFacts, [
    tx.namespace,
    JSON.stringify(rows),
    cause ?? null,
    actor,
    idempotency?.key ?? null,
    idempotency?.inputHash ?? null,
    instantToDb(tx.at),
  ]);
}
