import pg from 'pg';
import { reasonOf } from '../telemetry/reason.js';
import { migrationLock } from './locks.js';
import { type Migration, MigrationError, readMigrations } from './read-migrations.js';

export interface MigrateOptions {
  readonly postgresUrl: string;
  /** Runs one ClickHouse statement; needed when any room has ClickHouse migrations. */
  readonly clickhouse?: (statement: string) => Promise<void>;
  readonly migrations?: readonly Migration[];
}

interface AppliedRow {
  readonly engine: string;
  readonly room: string;
  readonly number: number;
  readonly name: string;
  readonly hash: string;
}

const createTable = `CREATE TABLE IF NOT EXISTS ledgerline_migrations (
  engine text NOT NULL,
  room text NOT NULL,
  number integer NOT NULL,
  name text NOT NULL,
  hash text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (engine, room, number)
)`;
const idOf = (row: Pick<Migration, 'room' | 'number' | 'name'> & { engine: string }): string =>
  `${row.room} ${row.engine} ${String(row.number).padStart(3, '0')}-${row.name}`;

/** Applies what is missing, in order, one runner at a time. Returns the names of what it applied. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = options.migrations ?? readMigrations();
  const client = new pg.Client({
    connectionString: options.postgresUrl,
    application_name: 'ledgerline migrate',
  });
  await client.connect();
  try {
    // Held until the connection ends, so a second runner waits and then finds nothing to do.
    await client.query('SELECT pg_advisory_lock($1, 0)', [migrationLock]);
    await client.query(createTable);
    const applied = await client.query<AppliedRow>(
      'SELECT engine, room, number, name, hash FROM ledgerline_migrations',
    );
    const missing = findMissing(migrations, applied.rows);
    for (const migration of missing) await apply(client, migration, options);
    return missing.map(idOf);
  } finally {
    await client.end();
  }
}

/** What a start must wait for: undefined when the database is exactly as this code expects it. */
export async function findMigrationTrouble(
  query: (sql: string) => Promise<unknown>,
  migrations: readonly Migration[] = readMigrations(),
): Promise<string | undefined> {
  const [table] = (await query(`SELECT to_regclass('ledgerline_migrations') AS found`)) as {
    found: unknown;
  }[];
  if (table?.found === null || table === undefined) return 'the database has never been migrated';
  const rows = (await query(
    'SELECT engine, room, number, name, hash FROM ledgerline_migrations',
  )) as AppliedRow[];
  try {
    const [next, ...rest] = findMissing(migrations, rows);
    return next === undefined
      ? undefined
      : `${rest.length + 1} migrations are missing, first ${idOf(next)}: run the migration`;
  } catch (error) {
    if (error instanceof MigrationError) return error.message;
    throw error;
  }
}

function findMissing(migrations: readonly Migration[], applied: readonly AppliedRow[]): Migration[] {
  const byId = new Map(migrations.map((one) => [`${one.engine}/${one.room}/${one.number}`, one]));
  for (const row of applied) {
    const known = byId.get(`${row.engine}/${row.room}/${row.number}`);
    if (known === undefined) {
      throw new MigrationError(
        `the data was written by a newer version of Ledgerline (it has ${idOf(row)}): start that version, or reset the data`,
      );
    }
    if (known.hash !== row.hash) {
      throw new MigrationError(
        `${idOf(known)} was changed after it had been applied: restore the file and add a new migration instead`,
      );
    }
  }
  const done = new Set(applied.map((row) => `${row.engine}/${row.room}/${row.number}`));
  return migrations.filter((one) => !done.has(`${one.engine}/${one.room}/${one.number}`));
}

async function apply(client: pg.Client, migration: Migration, options: MigrateOptions): Promise<void> {
  try {
    if (migration.engine === 'clickhouse') await applyToClickHouse(migration, options);
    await client.query('BEGIN');
    if (migration.engine === 'postgres') await client.query(migration.sql);
    await client.query(
      'INSERT INTO ledgerline_migrations (engine, room, number, name, hash) VALUES ($1, $2, $3, $4, $5)',
      [migration.engine, migration.room, migration.number, migration.name, migration.hash],
    );
    await client.query('COMMIT');
  } catch (error) {
    // Ends the transaction too: the caller closes the connection.
    throw new MigrationError(`${idOf(migration)} failed: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * ClickHouse has no transactions over statements: a crash in between repeats the whole file, so its statements must say
 * IF NOT EXISTS.
 */
async function applyToClickHouse(migration: Migration, options: MigrateOptions): Promise<void> {
  if (options.clickhouse === undefined) throw new MigrationError('no ClickHouse was given');
  const statements = migration.sql
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.replace(/^\s*--.*$/gm, '').trim())
    .filter((statement) => statement !== '');
  for (const statement of statements) await options.clickhouse(statement);
}
