import type { DueWork } from '@ledgerline/platform';
import type { KeyPublisher, PublicationStore } from '../core/ports.js';

/** Brings the topic to what the table says. Found again by the sweeper until the broker has acknowledged it. */
export class PublishApiKeys {
  constructor(
    private readonly publications: PublicationStore,
    private readonly publisher: KeyPublisher,
  ) {}

  run(namespace: string): Promise<void> {
    return this.publications.whileAlone(async () => {
      for (;;) {
        const keys = await this.publications.listDue(namespace);
        if (keys.length === 0) return;
        await this.publisher.publish(keys);
        await this.publications.markPublished(keys);
      }
    });
  }

  dueWork(): DueWork {
    return {
      name: 'namespaces.publish-api-keys',
      nextDueAt: (db) => this.publications.findDueAt(db),
      runDue: (namespace) => this.run(namespace),
    };
  }
}
