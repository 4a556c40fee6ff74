import type { Db, Instant, Tx } from '@ledgerline/kernel';
import type { ApiKey } from './api-key.js';
import type { Namespace } from './namespace.js';

export interface Window {
  readonly limit: number;
  readonly offset: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly totalCount: number;
}

/** Namespaces. All but `list` concern the one that the place to read or write belongs to. */
export interface NamespaceStore {
  /** False when there is one of that name. */
  insert(tx: Tx): Promise<boolean>;
  exists(db: Db): Promise<boolean>;
  list(db: Db, window: Window): Promise<Page<Namespace>>;
  /** When it was made, while not every room has prepared it. */
  findUnprepared(db: Db): Promise<Instant | undefined>;
  markPrepared(tx: Tx): Promise<void>;
}

export interface ApiKeyStore {
  insert(tx: Tx, key: ApiKey): Promise<void>;
  /** Locks the key until the transaction ends. */
  findForUpdate(tx: Tx, id: string): Promise<ApiKey | undefined>;
  update(tx: Tx, key: ApiKey): Promise<void>;
  list(db: Db, window: Window): Promise<Page<ApiKey>>;
  /** Puts the makers of keys of one namespace in a row, and counts those that are valid. */
  countLive(tx: Tx): Promise<number>;
}

/** Looks up a key by its hash in whatever namespace it is, and notes that it was used. */
export interface KeyLookup {
  use(hash: string, now: Instant): Promise<ApiKey | undefined>;
}

/** What the topic has been told. */
export interface PublicationStore {
  /** One publisher at a time, whichever process it is in: what is read inside was never published newer before. */
  whileAlone(work: () => Promise<void>): Promise<void>;
  /** Keys with a change that was not published, and those that were not published for a while. */
  listDue(namespace: string): Promise<readonly ApiKey[]>;
  /** When the earliest of them was made or revoked. */
  findDueAt(db: Db): Promise<Instant | undefined>;
  /** These states are in the topic. */
  markPublished(keys: readonly ApiKey[]): Promise<void>;
}

export interface KeyPublisher {
  /** Resolves once the broker has them. */
  publish(keys: readonly ApiKey[]): Promise<void>;
}

/** What a room needs to have in a namespace before anybody uses it. Safe to run again. */
export interface NamespaceBootstrap {
  run(namespace: string): Promise<void>;
}
