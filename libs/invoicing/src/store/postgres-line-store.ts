import { type Db, type Instant, type Tx } from '@ledgerline/kernel';
import { instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { Line, SplitGroup } from '../core/line.js';
import type { ExistingLine, LinePlace, PlacedLine } from '../core/plan-line-sync.js';
import type { LineStore } from '../core/ports.js';
import { invoiceStatuses, isMutableStatus } from '../core/state-machine.js';
import {
  groupColumns,
  groupFromDb,
  type GroupRow,
  groupToDb,
  lineColumns,
  lineFromDb,
  type LineRow,
  lineToDb,
  optionalFromDb,
} from './invoice-rows.js';
import { insertSql, updateSql } from './sql.js';

const columns = lineColumns.map((column) => `l.${column}`).join(', ');
const mutable = new Set<string>(invoiceStatuses.filter(isMutableStatus));

interface PlacedRow extends LineRow {
  readonly invoice_kind: 'gathering' | 'standard';
  readonly invoice_status: string;
}

export class PostgresLineStore implements LineStore {
  async ofInvoices(db: Db, invoiceIds: readonly string[]): Promise<readonly Line[]> {
    if (invoiceIds.length === 0) return [];
    const rows: LineRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM invoice_lines l WHERE l.namespace = $1 AND l.invoice_id = ANY($2)
       ORDER BY l.terms ->> 'name', l.period_from, l.id`,
      [db.namespace, invoiceIds],
    );
    return rows.map(lineFromDb);
  }

  async ofSubscription(db: Db, subscriptionId: string): Promise<ReadonlyMap<string, ExistingLine>> {
    const manager = managerOf(db);
    const groupRows: GroupRow[] = await manager.query(
      `SELECT ${groupColumns.join(', ')} FROM invoice_split_groups WHERE namespace = $1 AND subscription_id = $2`,
      [db.namespace, subscriptionId],
    );
    const rows: PlacedRow[] = await manager.query(
      `SELECT ${columns}, i.kind AS invoice_kind, i.status AS invoice_status
       FROM invoice_lines l JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
       WHERE l.namespace = $1 AND l.subscription_id = $2 ORDER BY l.period_from, l.id`,
      [db.namespace, subscriptionId],
    );
    const placed = rows.map((row): PlacedLine => ({ line: lineFromDb(row), place: placeOf(row) }));
    const existing = new Map<string, ExistingLine>();
    for (const one of placed) {
      if (one.line.uniqueId !== undefined) existing.set(one.line.uniqueId, { kind: 'line', ...one });
    }
    for (const group of groupRows.map(groupFromDb)) {
      const children = placed.filter((one) => one.line.splitGroupId === group.id);
      if (group.uniqueId !== undefined) existing.set(group.uniqueId, { kind: 'group', group, children });
    }
    return existing;
  }

  async findGroups(db: Db, ids: readonly string[]): Promise<readonly SplitGroup[]> {
    if (ids.length === 0) return [];
    const rows: GroupRow[] = await managerOf(db).query(
      `SELECT ${groupColumns.join(', ')} FROM invoice_split_groups WHERE namespace = $1 AND id = ANY($2)`,
      [db.namespace, ids],
    );
    return rows.map(groupFromDb);
  }

  async billedOfGroups(db: Db, groupIds: readonly string[]): Promise<readonly Line[]> {
    if (groupIds.length === 0) return [];
    const rows: LineRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM invoice_lines l JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
       WHERE l.namespace = $1 AND l.split_group_id = ANY($2) AND l.deleted_at IS NULL
         AND i.kind = 'standard' AND i.deleted_at IS NULL ORDER BY l.period_from`,
      [db.namespace, groupIds],
    );
    return rows.map(lineFromDb);
  }

  async insert(tx: Tx, line: Line): Promise<void> {
    await managerOf(tx).query(insertSql('invoice_lines', lineColumns), [...lineToDb(line)]);
  }

  async update(tx: Tx, line: Line): Promise<void> {
    await managerOf(tx).query(updateSql('invoice_lines', lineColumns), [...lineToDb(line)]);
  }

  async insertGroup(tx: Tx, group: SplitGroup): Promise<void> {
    await managerOf(tx).query(insertSql('invoice_split_groups', groupColumns), [...groupToDb(group)]);
  }

  async updateGroup(tx: Tx, group: SplitGroup): Promise<void> {
    await managerOf(tx).query(updateSql('invoice_split_groups', groupColumns), [...groupToDb(group)]);
  }

  async nextBillableAt(db: Db): Promise<Instant | undefined> {
    const [row]: { due: Date | null }[] = await managerOf(db).query(
      `SELECT min(l.billable_at) AS due FROM invoice_lines l
       JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id AND i.kind = 'gathering'
       WHERE l.namespace = $1 AND l.deleted_at IS NULL`,
      [db.namespace],
    );
    return optionalFromDb(row?.due ?? null);
  }

  async listBillableCustomers(db: Db, now: Instant, limit: number): Promise<readonly string[]> {
    const rows: { customer_id: string }[] = await managerOf(db).query(
      `SELECT i.customer_id FROM invoices i
       WHERE i.namespace = $1 AND i.kind = 'gathering' AND EXISTS (
         SELECT 1 FROM invoice_lines l WHERE l.namespace = i.namespace AND l.invoice_id = i.id
           AND l.deleted_at IS NULL AND l.billable_at <= $2)
       GROUP BY i.customer_id ORDER BY i.customer_id LIMIT $3`,
      [db.namespace, instantToDb(now), limit],
    );
    return rows.map((row) => row.customer_id);
  }
}

function placeOf(row: PlacedRow): LinePlace {
  if (row.invoice_kind === 'gathering') return 'gathering';
  if (row.invoice_status === 'deleted' || row.invoice_status.startsWith('delete.')) return 'deleted invoice';
  return mutable.has(row.invoice_status) ? 'mutable' : 'immutable';
}
