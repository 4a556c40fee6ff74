import { type Db, Refused, type Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, isUniqueViolation, managerOf } from '@ledgerline/platform/postgres';
import { attributedSubjects, type BillingAddress, type Customer } from '../core/customer.js';
import { type Claim, keyConflict, subjectConflict } from '../core/decide-customer.js';
import type {
  CustomerListQuery,
  CustomerOrder,
  CustomerPage,
  CustomerStore,
  SubjectOwner,
} from '../core/ports.js';

/** A row of `customers` with its live subject keys, as pg delivers it. */
interface CustomerRow {
  readonly namespace: string;
  readonly id: string;
  readonly key: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly primary_email: string | null;
  readonly currency: string | null;
  readonly billing_address: BillingAddress | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly subject_keys: readonly string[] | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const columns =
  'namespace, id, key, name, description, primary_email, currency, billing_address, metadata, created_at, updated_at, deleted_at';
const select = `SELECT ${columns}, (
    SELECT array_agg(s.subject ORDER BY s.position) FROM customer_subjects s
    WHERE s.namespace = c.namespace AND s.customer_id = c.id AND s.detached_at IS NULL AND s.position IS NOT NULL
  ) AS subject_keys FROM customers c WHERE namespace = $1`;
// An id wins over a key of the same text.
const byIdOrKey = `(id = $2 OR (key = $2 AND deleted_at IS NULL)) ORDER BY (id = $2) DESC, id LIMIT 1`;
const lockById = 'SELECT id FROM customers WHERE namespace = $1 AND id = $2 FOR NO KEY UPDATE';

const orderColumns: Readonly<Record<CustomerOrder, string>> = {
  id: 'id',
  name: 'name',
  createdAt: 'created_at',
};

export class PostgresCustomerStore implements CustomerStore {
  async find(db: Db, idOrKey: string): Promise<Customer | undefined> {
    return (await many(db, `${select} AND ${byIdOrKey}`, [idOrKey]))[0];
  }

  async findMany(db: Db, ids: readonly string[]): Promise<readonly Customer[]> {
    return ids.length === 0 ? [] : many(db, `${select} AND id = ANY($2)`, [ids]);
  }

  async findBySubject(db: Db, subject: string): Promise<Customer | undefined> {
    const [owner] = await this.findLiveBySubjects(db, [subject]);
    return owner === undefined ? undefined : (await this.findMany(db, [owner.customerId]))[0];
  }

  async findLiveBySubjects(db: Db, subjects: readonly string[]): Promise<readonly SubjectOwner[]> {
    if (subjects.length === 0) return [];
    const rows: { subject: string; customer_id: string }[] = await managerOf(db).query(
      `SELECT subject, customer_id FROM customer_subjects
       WHERE namespace = $1 AND subject = ANY($2) AND detached_at IS NULL`,
      [db.namespace, subjects],
    );
    return rows.map((row) => ({ subject: row.subject, customerId: row.customer_id }));
  }

  async lock(tx: Tx, customerId: string): Promise<Customer | undefined> {
    await managerOf(tx).query(lockById, [tx.namespace, customerId]);
    // A statement of its own: whoever held the lock before may have changed the subjects, too.
    return (await this.findMany(tx, [customerId]))[0];
  }

  async findForChange(tx: Tx, idOrKey: string): Promise<Customer | undefined> {
    const found = await this.find(tx, idOrKey);
    return found === undefined ? undefined : this.lock(tx, found.id);
  }

  async findClaims(
    db: Db,
    wanted: Pick<Customer, 'id' | 'key' | 'usageAttribution'>,
  ): Promise<readonly Claim[]> {
    return managerOf(db).query<Claim[]>(
      `SELECT 'id' AS kind, id AS value, id AS "customerId" FROM customers
       WHERE namespace = $1 AND id = $3 AND id <> $2
       UNION ALL
       SELECT 'key', key, id FROM customers
       WHERE namespace = $1 AND key = $3 AND id <> $2 AND deleted_at IS NULL
       UNION ALL
       SELECT 'subject', subject, customer_id FROM customer_subjects
       WHERE namespace = $1 AND subject = ANY($4) AND customer_id <> $2 AND detached_at IS NULL`,
      [db.namespace, wanted.id, wanted.key ?? null, attributedSubjects(wanted)],
    );
  }

  async insert(tx: Tx, customer: Customer): Promise<void> {
    await writing(customer, async () => {
      await managerOf(tx).query(
        `INSERT INTO customers (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        valuesOf(customer),
      );
      await writeSubjects(tx, customer);
    });
  }

  async update(tx: Tx, customer: Customer): Promise<void> {
    await writing(customer, async () => {
      await managerOf(tx).query(
        `UPDATE customers SET (key, name, description, primary_email, currency, billing_address, metadata, created_at,
           updated_at, deleted_at) = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12) WHERE namespace = $1 AND id = $2`,
        valuesOf(customer),
      );
      await writeSubjects(tx, customer);
    });
  }

  async list(db: Db, query: CustomerListQuery): Promise<CustomerPage> {
    const where = `namespace = $1 AND ($2 OR deleted_at IS NULL) AND ($3::text[] IS NULL OR id = ANY($3))
      AND ($4::text IS NULL OR strpos(lower(key), lower($4)) > 0)
      AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
      AND ($6::text IS NULL OR strpos(lower(primary_email), lower($6)) > 0)
      AND ($7::text IS NULL OR EXISTS (SELECT 1 FROM customer_subjects s WHERE s.namespace = c.namespace
        AND s.customer_id = c.id AND s.detached_at IS NULL AND s.position IS NOT NULL AND strpos(lower(s.subject), lower($7)) > 0))`;
    const filters = [
      query.includeDeleted,
      query.ids ?? null,
      query.key ?? null,
      query.name ?? null,
      query.primaryEmail ?? null,
      query.subject ?? null,
    ];
    const direction = query.descending ? 'DESC' : 'ASC';
    const items = await many(
      db,
      `${select} AND ${where} ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction} LIMIT $8 OFFSET $9`,
      [...filters, query.limit, query.offset],
    );
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM customers c WHERE ${where}`,
      [db.namespace, ...filters],
    );
    return { items, totalCount: count?.total ?? 0 };
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Customer[]> {
  const rows: CustomerRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return rows.map(customerFromDb);
}

/** What the decision could not see yet, the indexes do. */
async function writing(customer: Customer, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (isUniqueViolation(error, 'customers_live_key')) {
      throw new Refused(keyConflict(customer.namespace, customer.key ?? ''));
    }
    if (isUniqueViolation(error, 'customer_subjects_live')) {
      throw new Refused(subjectConflict(customer.namespace, attributedSubjects(customer)));
    }
    throw error;
  }
}

/** Brings the live rows of `customer_subjects` in line with the customer. */
async function writeSubjects(tx: Tx, customer: Customer): Promise<void> {
  const subjects = customer.deletedAt === undefined ? attributedSubjects(customer) : [];
  const { subjectKeys } = customer.usageAttribution;
  const positions = subjects.map((subject) => {
    const index = subjectKeys.indexOf(subject);
    return index === -1 ? null : index;
  });
  const manager = managerOf(tx);
  const at = instantToDb(customer.updatedAt);
  const owner = [customer.namespace, customer.id];
  await manager.query(
    `UPDATE customer_subjects SET detached_at = $4
     WHERE namespace = $1 AND customer_id = $2 AND detached_at IS NULL AND subject <> ALL($3)`,
    [...owner, subjects, at],
  );
  await manager.query(
    `UPDATE customer_subjects s SET position = w.position
     FROM unnest($3::text[], $4::int[]) AS w (subject, position)
     WHERE namespace = $1 AND customer_id = $2 AND detached_at IS NULL AND s.subject = w.subject
       AND s.position IS DISTINCT FROM w.position`,
    [...owner, subjects, positions],
  );
  // In one order, so that two transactions that want the same subjects meet at the first and cannot deadlock.
  await manager.query(
    `INSERT INTO customer_subjects (namespace, customer_id, subject, position, attached_at)
     SELECT $1, $2, w.subject, w.position, $5 FROM unnest($3::text[], $4::int[]) AS w (subject, position)
     WHERE NOT EXISTS (SELECT 1 FROM customer_subjects s WHERE s.namespace = $1 AND s.customer_id = $2
       AND s.subject = w.subject AND s.detached_at IS NULL)
     ORDER BY w.subject`,
    [...owner, subjects, positions, at],
  );
}

const json = (value: object | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);

const valuesOf = (customer: Customer): readonly unknown[] => [
  customer.namespace,
  customer.id,
  customer.key ?? null,
  customer.name,
  customer.description ?? null,
  customer.primaryEmail ?? null,
  customer.currency ?? null,
  json(customer.billingAddress),
  json(customer.metadata),
  instantToDb(customer.createdAt),
  instantToDb(customer.updatedAt),
  customer.deletedAt === undefined ? null : instantToDb(customer.deletedAt),
];

const customerFromDb = (row: CustomerRow): Customer => ({
  id: row.id,
  namespace: row.namespace,
  key: row.key ?? undefined,
  name: row.name,
  description: row.description ?? undefined,
  primaryEmail: row.primary_email ?? undefined,
  currency: row.currency ?? undefined,
  billingAddress: row.billing_address ?? undefined,
  metadata: row.metadata ?? undefined,
  usageAttribution: { subjectKeys: row.subject_keys ?? [] },
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: row.deleted_at === null ? undefined : instantFromDb(row.deleted_at),
});
