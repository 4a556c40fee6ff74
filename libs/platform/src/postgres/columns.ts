import type { Db, Instant } from '@ledgerline/kernel';
import { managerOf } from './handles.js';
import { instantFromDb, instantToDb } from './instant-column.js';

export const instantOrNull = (at: Instant | undefined): string | null =>
  at === undefined ? null : instantToDb(at);
export const optionalInstant = (at: Date | null): Instant | undefined =>
  at === null ? undefined : instantFromDb(at);
export const jsonOrNull = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value);

/** Clauses joined by AND and their values; `bind` gives the placeholder of one more value. */
export function whereOf(db: Db): {
  readonly clauses: string[];
  readonly values: unknown[];
  readonly bind: (value: unknown) => string;
} {
  const values: unknown[] = [db.namespace];
  return { clauses: ['namespace = $1'], values, bind: (value) => `$${values.push(value)}` };
}

type Where = ReturnType<typeof whereOf>;

/** One page of a table in the order asked for, the id deciding between equals, and how many there are. */
export async function pageOf<T>(
  db: Db,
  { clauses, values, bind }: Where,
  options: {
    readonly select: string;
    readonly table: string;
    readonly orderBy: string;
    readonly descending: boolean;
    readonly limit: number;
    readonly offset: number;
    readonly fromDb: (row: never) => T;
  },
): Promise<{ readonly items: readonly T[]; readonly totalCount: number }> {
  const where = clauses.join(' AND ');
  const counted = [...values];
  const direction = options.descending ? 'DESC' : 'ASC';
  const rows: never[] = await managerOf(db).query(
    `SELECT ${options.select} FROM ${options.table} WHERE ${where}
     ORDER BY ${options.orderBy} ${direction}, id ${direction} LIMIT ${bind(options.limit)} OFFSET ${bind(options.offset)}`,
    [...values],
  );
  const [count]: { total: number }[] = await managerOf(db).query(
    `SELECT count(*)::int AS total FROM ${options.table} WHERE ${where}`,
    counted,
  );
  return { items: rows.map(options.fromDb), totalCount: count?.total ?? 0 };
}
