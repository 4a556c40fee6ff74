import type { Tx } from '@ledgerline/kernel';
import type { Notice } from '../notice.js';
import { managerOf } from './handles.js';

const mark = `INSERT INTO inbox (namespace, consumer, notice_id) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING notice_id`;

/**
 * True the first time this consumer handles the notice, in the transaction of its effect; false when the effect is
 * already there and the handler must return. `consumer` is `<room>.<handler>` and must never change.
 */
export async function once(tx: Tx, consumer: string, notice: Pick<Notice, 'id'>): Promise<boolean> {
  const marked: unknown[] = await managerOf(tx).query(mark, [tx.namespace, consumer, notice.id]);
  return marked.length === 1;
}
