import type { Instant, UnitOfWork } from '@ledgerline/kernel';
import type { DueWorkRegistry } from '@ledgerline/platform';
import { type Admin, readGroupLag } from '@ledgerline/platform/kafka';
import { enqueueDueWork } from '@ledgerline/platform/nest';
import { clockLock, listActiveNamespaces, readJournalHead } from '@ledgerline/platform/postgres';
import type { BullMqJobQueue } from '@ledgerline/platform/queue';
import type { DataSource } from 'typeorm';
import type { ClockSurroundings, DueItem } from '../core/ports.js';
import type { ClockTopic } from './clock-topic.js';
import type { PostgresClock } from './postgres-clock.js';

export interface InstanceParts {
  readonly postgres: DataSource;
  readonly unitOfWork: Pick<UnitOfWork, 'reader'>;
  readonly clock: PostgresClock;
  readonly topic: ClockTopic;
  readonly dueWork: DueWorkRegistry;
  readonly queue: BullMqJobQueue;
  readonly kafkaAdmin: Admin;
  readonly noticesTopic: string;
  readonly noticesGroup: string;
  readonly relay: string;
}

/** The real instance around a moving clock. */
export class InstanceSurroundings implements ClockSurroundings {
  constructor(private readonly parts: InstanceParts) {}

  async whileAlone<T>(move: () => Promise<T>): Promise<T | undefined> {
    const runner = this.parts.postgres.createQueryRunner();
    await runner.connect();
    try {
      const [row] = (await runner.query('SELECT pg_try_advisory_lock($1, 0) AS locked', [clockLock])) as {
        locked: boolean;
      }[];
      if (row?.locked !== true) return undefined;
      try {
        return await move();
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1, 0)', [clockLock]);
      }
    } finally {
      await runner.release();
    }
  }

  async now(): Promise<Instant> {
    await this.parts.clock.refresh();
    return this.parts.clock.now();
  }

  async set(to: Instant): Promise<void> {
    await this.parts.clock.advance(to);
    await this.parts.topic.publish(this.parts.clock.now());
  }

  async nextDue(): Promise<readonly DueItem[]> {
    const found: DueItem[] = [];
    for (const namespace of await listActiveNamespaces(this.parts.postgres)) {
      for (const work of this.parts.dueWork.all()) {
        const dueAt = await work.nextDueAt(this.parts.unitOfWork.reader(namespace));
        if (dueAt !== undefined) found.push({ name: work.name, namespace, dueAt });
      }
    }
    return found;
  }

  async requestWork(items: readonly DueItem[]): Promise<void> {
    await enqueueDueWork(
      this.parts.queue,
      items.map(({ name, namespace, dueAt }) => ({ name, namespace, dueAt: dueAt.toString() })),
    );
  }

  /**
   * Each source of work is looked at after the ones that feed it: facts are told, notices handled, jobs run. A fact
   * appended meanwhile shows in the second reading of the journal, so all of it was quiet at one moment.
   */
  async findUnrest(): Promise<string | undefined> {
    const { postgres, relay, kafkaAdmin, noticesTopic, noticesGroup, queue } = this.parts;
    const before = await readJournalHead(postgres, relay);
    if (before.untold > 0) return `${before.untold} facts are not told yet: is the worker running?`;
    const lag = await readGroupLag(kafkaAdmin, noticesTopic, noticesGroup);
    if (lag > 0n) return `${lag} notices are not handled yet`;
    const { pending } = await queue.readActivity();
    if (pending > 0) return `${pending} jobs are waiting or running`;
    const after = await readJournalHead(postgres, relay);
    return after.facts === before.facts ? undefined : 'facts were appended just now';
  }
}
