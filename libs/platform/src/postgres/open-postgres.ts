import { DataSource, type EntitySchema } from 'typeorm';

export interface PostgresOptions {
  readonly url: string;
  readonly poolMax: number;
  /** All rooms' rows. */
  readonly rows?: readonly EntitySchema[];
  /** Shown in pg_stat_activity, so that a stuck connection can be told from others. */
  readonly service: string;
  /** A pooled connection that broke while idle; the pool replaces it. */
  readonly onIdleError?: (error: unknown) => void;
}

/** Opens the pool. The schema is the migrations' business: nothing here creates or changes a table. */
export async function openPostgres(options: PostgresOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: `ledgerline ${options.service}`,
    entities: [...(options.rows ?? [])],
    synchronize: false,
    logging: false,
    poolSize: options.poolMax,
    connectTimeoutMS: 10_000, // a full pool or a dead server becomes an error before a client gives up
    extra: {
      statement_timeout: 60_000, // no statement of ours is that long; work that long belongs into a job with a cursor
      idle_in_transaction_session_timeout: 60_000, // a forgotten transaction holds back the relay
    },
    ...(options.onIdleError === undefined ? {} : { poolErrorHandler: options.onIdleError }),
  });
  return source.initialize();
}
