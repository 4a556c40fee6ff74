import type { Db, Tx } from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  jsonOrNull,
  managerOf,
  optionalInstant,
  pageOf,
  whereOf,
} from '@ledgerline/platform/postgres';
import type { Sealer } from '@ledgerline/platform/secrets';
import type { Channel, Metadata } from '../core/channel.js';
import type { ChannelListQuery, ChannelState, ChannelStore, Page } from '../core/ports.js';

interface ChannelRow {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly sealed_headers: string;
  readonly sealed_secret: string;
  readonly disabled: boolean;
  readonly metadata: Metadata | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const columns = `namespace, id, name, url, sealed_headers, sealed_secret, disabled, metadata, created_at, updated_at, deleted_at`;
const select = `SELECT ${columns} FROM notification_channels WHERE namespace = $1`;
// All are webhooks: the order by type is that of the id.
const orders = { id: 'id', type: 'id', createdAt: 'created_at', updatedAt: 'updated_at' } as const;

export class PostgresChannelStore implements ChannelStore {
  constructor(private readonly sealer: Sealer) {}

  async find(db: Db, id: string): Promise<Channel | undefined> {
    return (await this.many(db, `${select} AND id = $2`, [id]))[0];
  }

  async findForChange(tx: Tx, id: string): Promise<Channel | undefined> {
    return (await this.many(tx, `${select} AND id = $2 FOR UPDATE`, [id]))[0];
  }

  async states(db: Db, ids: readonly string[]): Promise<readonly ChannelState[]> {
    const rows: Pick<ChannelRow, 'id' | 'disabled' | 'deleted_at'>[] = await managerOf(db).query(
      `SELECT id, disabled, deleted_at FROM notification_channels WHERE namespace = $1 AND id = ANY($2)`,
      [db.namespace, ids],
    );
    return rows.map(({ id, disabled, deleted_at }) => ({
      id,
      disabled,
      deletedAt: optionalInstant(deleted_at),
    }));
  }

  async hold(tx: Tx, ids: readonly string[]): Promise<readonly string[]> {
    const rows: { id: string }[] = await managerOf(tx).query(
      `SELECT id FROM notification_channels WHERE namespace = $1 AND id = ANY($2) AND deleted_at IS NULL
       ORDER BY id FOR UPDATE`,
      [tx.namespace, ids],
    );
    return rows.map(({ id }) => id);
  }

  async insert(tx: Tx, channel: Channel): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO notification_channels (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      this.valuesOf(channel),
    );
  }

  async update(tx: Tx, channel: Channel): Promise<void> {
    await managerOf(tx).query(
      `UPDATE notification_channels SET name = $3, url = $4, sealed_headers = $5, sealed_secret = $6, disabled = $7,
         metadata = $8, created_at = $9, updated_at = $10, deleted_at = $11
       WHERE namespace = $1 AND id = $2`,
      this.valuesOf(channel),
    );
  }

  list(db: Db, query: ChannelListQuery): Promise<Page<Channel>> {
    const where = whereOf(db);
    if (!query.includeDeleted) where.clauses.push('deleted_at IS NULL');
    // A deleted channel is disabled too, and is asked for by `includeDeleted`.
    if (!query.includeDisabled) where.clauses.push('(NOT disabled OR deleted_at IS NOT NULL)');
    return pageOf(db, where, {
      ...query,
      select: columns,
      table: 'notification_channels',
      orderBy: orders[query.orderBy],
      fromDb: (row: ChannelRow) => this.fromDb(row),
    });
  }

  private async many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Channel[]> {
    const rows: ChannelRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
    return rows.map((row) => this.fromDb(row));
  }

  private valuesOf(channel: Channel): unknown[] {
    const { namespace, id } = channel;
    return [
      namespace,
      id,
      channel.name,
      channel.url,
      this.sealer.seal(headersScope(namespace, id), JSON.stringify(channel.customHeaders)),
      this.sealer.seal(secretScope(namespace, id), channel.signingSecret),
      channel.disabled,
      jsonOrNull(channel.metadata),
      instantToDb(channel.createdAt),
      instantToDb(channel.updatedAt),
      instantOrNull(channel.deletedAt),
    ];
  }

  private fromDb(row: ChannelRow): Channel {
    const { namespace, id } = row;
    const headers = this.sealer.open(headersScope(namespace, id), row.sealed_headers);
    return {
      id,
      namespace,
      name: row.name,
      url: row.url,
      customHeaders: JSON.parse(headers) as Record<string, string>,
      signingSecret: this.sealer.open(secretScope(namespace, id), row.sealed_secret),
      disabled: row.disabled,
      metadata: row.metadata ?? undefined,
      createdAt: instantFromDb(row.created_at),
      updatedAt: instantFromDb(row.updated_at),
      deletedAt: optionalInstant(row.deleted_at),
    };
  }
}

const secretScope = (namespace: string, id: string): string => `${namespace}/${id}/signing-secret`;
const headersScope = (namespace: string, id: string): string => `${namespace}/${id}/custom-headers`;
