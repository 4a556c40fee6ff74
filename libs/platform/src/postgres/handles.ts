import { type Db, type Instant, invariant, type Tx } from '@ledgerline/kernel';
import type { EntityManager } from 'typeorm';
import type { WorkScope } from '@ledgerline/kernel';

/** What stands behind a `Db`: rooms pass it on, only stores open it. */
export class PostgresDb implements Db {
  constructor(
    readonly namespace: string,
    readonly manager: EntityManager,
  ) {}
}

export class PostgresTx extends PostgresDb implements Tx {
  /** False once the transaction has ended: a forgotten await would otherwise write outside of it. */
  open = true;

  constructor(
    manager: EntityManager,
    readonly scope: WorkScope,
    readonly at: Instant,
  ) {
    super(scope.namespace, manager);
  }

  get actor(): string {
    return this.scope.actor;
  }
}

/** The TypeORM manager of a place to read or of a transaction. For stores only. */
export function managerOf(db: Db): EntityManager {
  invariant(db instanceof PostgresDb, 'this Db was not made by the platform’s unit of work');
  invariant(
    !(db instanceof PostgresTx) || db.open,
    'this transaction has ended: something was not awaited inside run()',
  );
  return db.manager;
}
