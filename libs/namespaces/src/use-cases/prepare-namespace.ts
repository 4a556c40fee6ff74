import type { Instant, UnitOfWork } from '@ledgerline/kernel';
import type { DueWork } from '@ledgerline/platform';
import type { NamespaceBootstrap, NamespaceStore } from '../core/ports.js';

/** Has every room make what it needs in a new namespace. What a crash left undone is due and found again. */
export class PrepareNamespace {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly namespaces: NamespaceStore,
    private readonly bootstraps: readonly NamespaceBootstrap[],
  ) {}

  async run(namespace: string): Promise<void> {
    if ((await this.dueAt(namespace)) === undefined) return;
    for (const bootstrap of this.bootstraps) await bootstrap.run(namespace);
    await this.unitOfWork.run({ namespace, actor: 'bootstrap' }, (tx) => this.namespaces.markPrepared(tx));
  }

  dueWork(): DueWork {
    return {
      name: 'namespaces.prepare',
      nextDueAt: (db) => this.namespaces.findUnprepared(db),
      runDue: (namespace) => this.run(namespace),
    };
  }

  private dueAt(namespace: string): Promise<Instant | undefined> {
    return this.namespaces.findUnprepared(this.unitOfWork.reader(namespace));
  }
}
