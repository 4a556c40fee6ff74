import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../plain-error.js';

/** Rooms in the order of their migrations: a room may refer to tables of the rooms before it. */
export const roomsDownward = [
  'platform',
  'namespaces',
  'system',
  'sink',
  'customers',
  'credits',
  'metering',
  'catalog',
  'entitlements',
  'rating',
  'subscriptions',
  'invoicing',
  'providers',
  'notifications',
] as const;

export type MigrationEngine = 'postgres' | 'clickhouse';

export interface Migration {
  readonly engine: MigrationEngine;
  readonly room: string;
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly hash: string;
}

/** A database or a folder of migrations that cannot be used. The message says what to do. */
export class MigrationError extends PlainError {
  override readonly name = 'MigrationError';
}

// libs/platform/{src,dist}/postgres → libs
const libs = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const filePattern = /^(\d{3})-([a-z0-9-]+)\.sql$/;

/** All migrations of the rooms, Postgres before ClickHouse within a room. `root` is the folder of the rooms. */
export function readMigrations(root = libs): readonly Migration[] {
  const strangers = readdirSync(root).filter(
    (name) =>
      existsSync(join(root, name, 'migrations')) && !(roomsDownward as readonly string[]).includes(name),
  );
  if (strangers.length > 0) {
    throw new MigrationError(
      `migrations of a room that roomsDownward does not list: ${strangers.join(', ')}`,
    );
  }
  return roomsDownward.flatMap((room) =>
    (['postgres', 'clickhouse'] as const).flatMap((engine) =>
      readFolder(join(root, room, 'migrations', engine), room, engine),
    ),
  );
}

function readFolder(folder: string, room: string, engine: MigrationEngine): Migration[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file, index) => {
      const match = filePattern.exec(file);
      if (match === null || Number(match[1]) !== index + 1) {
        throw new MigrationError(
          `${room}/migrations/${engine}/${file}: expected ${String(index + 1).padStart(3, '0')}-<name>.sql`,
        );
      }
      const sql = readFileSync(join(folder, file), 'utf8');
      if (!sql.startsWith('-- why: ')) {
        throw new MigrationError(`${room}/migrations/${engine}/${file}: the first line must say -- why:`);
      }
      const hash = createHash('sha256').update(sql).digest('hex');
      return { engine, room, number: index + 1, name: match[2] ?? '', sql, hash };
    });
}
