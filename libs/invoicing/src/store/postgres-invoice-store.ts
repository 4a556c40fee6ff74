import { type Db, type Instant, toRfc3339, type Tx } from '@ledgerline/kernel';
import { instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { InvoiceNumberKind } from '../core/invoice-number.js';
import type { GatheringInvoice, Invoice } from '../core/invoice.js';
import type { InvoiceListQuery, InvoiceOrder, InvoiceStore } from '../core/ports.js';
import { invoiceStatuses, isSettledStatus } from '../core/state-machine.js';
import {
  invoiceColumns,
  invoiceFromDb,
  type InvoiceRow,
  invoiceToDb,
  optionalFromDb,
} from './invoice-rows.js';
import { Conditions, insertSql, updateSql } from './sql.js';

const columns = invoiceColumns.join(', ');
const versionColumn = `$${invoiceColumns.length + 1}`;

const orderColumns: Readonly<Record<InvoiceOrder, string>> = {
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  issuedAt: 'issued_at',
  status: 'status',
  periodStart: 'period_from',
  'customer.name': 'customer_name',
};
const settled = invoiceStatuses.filter(isSettledStatus);

export class PostgresInvoiceStore implements InvoiceStore {
  async find(db: Db, id: string): Promise<Invoice | undefined> {
    const [row]: InvoiceRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM invoices WHERE namespace = $1 AND id = $2`,
      [db.namespace, id],
    );
    return row === undefined ? undefined : invoiceFromDb(row);
  }

  async list(
    db: Db,
    query: InvoiceListQuery,
  ): Promise<{ readonly items: readonly Invoice[]; readonly totalCount: number }> {
    const conditions = listConditions(db.namespace, query);
    const manager = managerOf(db);
    const [count]: { count: string }[] = await manager.query(
      `SELECT count(*) FROM invoices WHERE ${conditions.where}`,
      conditions.parameters,
    );
    const direction = query.descending ? 'DESC' : 'ASC';
    const rows: InvoiceRow[] = await manager.query(
      `SELECT ${columns} FROM invoices WHERE ${conditions.where}
       ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction} LIMIT ${query.limit} OFFSET ${query.offset}`,
      conditions.parameters,
    );
    return { items: rows.map(invoiceFromDb), totalCount: Number(count?.count ?? 0) };
  }

  async findGathering(db: Db, customerId: string): Promise<readonly GatheringInvoice[]> {
    const rows: InvoiceRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM invoices WHERE namespace = $1 AND customer_id = $2 AND kind = 'gathering' ORDER BY currency`,
      [db.namespace, customerId],
    );
    return rows.map(invoiceFromDb).filter((invoice) => invoice.kind === 'gathering');
  }

  async insert(tx: Tx, invoice: Invoice): Promise<void> {
    await managerOf(tx).query(insertSql('invoices', invoiceColumns), [...invoiceToDb(invoice)]);
  }

  async update(tx: Tx, invoice: Invoice): Promise<boolean> {
    const raised = { ...invoice, version: invoice.version + 1 };
    const changed: [unknown[], number] = await managerOf(tx).query(
      `${updateSql('invoices', invoiceColumns)} AND version = ${versionColumn}`,
      [...invoiceToDb(raised), invoice.version],
    );
    return changed[1] === 1;
  }

  async nextNumber(tx: Tx, kind: InvoiceNumberKind): Promise<bigint> {
    const [row]: { last: string }[] = await managerOf(tx).query(
      `INSERT INTO invoice_counters (namespace, kind, last) VALUES ($1, $2, 1)
       ON CONFLICT (namespace, kind) DO UPDATE SET last = invoice_counters.last + 1 RETURNING last`,
      [tx.namespace, kind],
    );
    return BigInt(row?.last ?? 0);
  }

  async nextAdvanceAt(db: Db): Promise<Instant | undefined> {
    const [row]: { due: Date | null }[] = await managerOf(db).query(
      `SELECT min(advance_at) AS due FROM invoices WHERE namespace = $1 AND advance_at IS NOT NULL`,
      [db.namespace],
    );
    return optionalFromDb(row?.due ?? null);
  }

  async listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]> {
    const rows: { id: string }[] = await managerOf(db).query(
      `SELECT id FROM invoices WHERE namespace = $1 AND advance_at <= $2 ORDER BY advance_at, id LIMIT $3`,
      [db.namespace, instantToDb(now), limit],
    );
    return rows.map((row) => row.id);
  }

  async findUnsettled(db: Db, customerId: string): Promise<Invoice | undefined> {
    const [row]: InvoiceRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM invoices WHERE namespace = $1 AND customer_id = $2 AND deleted_at IS NULL
       AND NOT status = ANY($3) ORDER BY created_at LIMIT 1`,
      [db.namespace, customerId, settled],
    );
    return row === undefined ? undefined : invoiceFromDb(row);
  }
}

function listConditions(namespace: string, query: InvoiceListQuery): Conditions {
  const conditions = new Conditions(namespace);
  const at = (value: Instant | undefined): string | undefined =>
    value === undefined ? undefined : toRfc3339(value);
  conditions.add('customer_id = ANY(?)', query.customers);
  conditions.add(
    `EXISTS (SELECT 1 FROM unnest(?::text[]) AS wanted WHERE starts_with(status, wanted))`,
    query.statuses,
  );
  conditions.add('status = ANY(?)', query.extendedStatuses);
  conditions.add('issued_at >= ?', at(query.issuedAfter));
  conditions.add('issued_at <= ?', at(query.issuedBefore));
  conditions.add('period_from >= ?', at(query.periodStartAfter));
  conditions.add('period_from <= ?', at(query.periodStartBefore));
  conditions.add('created_at >= ?', at(query.createdAfter));
  conditions.add('created_at <= ?', at(query.createdBefore));
  if (!query.includeDeleted) conditions.raw('deleted_at IS NULL');
  return conditions;
}
