import {
  type Clock,
  type Db,
  type Instant,
  type JobPayload,
  type JobQueue,
  addDuration,
  parseDuration,
  type UnitOfWork,
} from '@ledgerline/kernel';
import {
  CLOCK,
  DUE_WORK,
  type DueWork,
  type DueWorkRegistry,
  JOB_QUEUE,
  JOB_REGISTRY,
  type JobRegistry,
  type Notice,
  type Room,
  UNIT_OF_WORK,
} from '@ledgerline/platform';
import { instantFromDb, instantToDb, managerOf, once } from '@ledgerline/platform/postgres';
import { Controller, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';

/** What every piece of work of the toy room passes through, in its own tables. */
export const toyTables = `
CREATE TABLE toys (namespace text NOT NULL, id text PRIMARY KEY, due_at timestamptz NOT NULL);
CREATE TABLE toy_log (position bigint GENERATED ALWAYS AS IDENTITY, namespace text NOT NULL, line text NOT NULL);
`;
const scope = { namespace: 'default', actor: 'toy' };
const month = parseDuration('P1M');

/** Bills each toy monthly: due work → fact → relay → notice → job. Every leg crosses an engine. */
@Injectable()
class ToyBilling implements DueWork, OnModuleInit {
  readonly name = 'toy.billing';

  constructor(
    @Inject(UNIT_OF_WORK) private readonly work: UnitOfWork,
    @Inject(DUE_WORK) private readonly dueWork: DueWorkRegistry,
    @Inject(JOB_REGISTRY) private readonly jobs: JobRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.dueWork.add(this);
    this.jobs.handle('toy.note', (payload) => this.note(payload));
  }

  async nextDueAt(db: Db): Promise<Instant | undefined> {
    const [row] = await managerOf(db).query<{ due_at: Date }[]>(
      'SELECT due_at FROM toys WHERE namespace = $1 ORDER BY due_at LIMIT 1',
      [db.namespace],
    );
    return row === undefined ? undefined : instantFromDb(row.due_at);
  }

  async runDue(namespace: string, now: Instant): Promise<void> {
    await this.work.run({ ...scope, namespace }, async (tx) => {
      const due = await managerOf(tx).query<{ id: string; due_at: Date }[]>(
        'SELECT id, due_at FROM toys WHERE namespace = $1 AND due_at <= $2 FOR UPDATE',
        [namespace, instantToDb(now)],
      );
      for (const { id, due_at } of due) {
        const next = addDuration(instantFromDb(due_at), month!);
        await managerOf(tx).query('UPDATE toys SET due_at = $2 WHERE id = $1', [id, instantToDb(next)]);
        await this.work.append(tx, [{ stream: `toy:${id}`, type: 'ToyBilled', data: { id } }]);
      }
    });
  }

  private async note({ id = '', namespace }: JobPayload): Promise<void> {
    const at = this.clock.now().toString();
    await this.work.run({ ...scope, namespace }, async (tx) => {
      await managerOf(tx).query('INSERT INTO toy_log (namespace, line) VALUES ($1, $2)', [
        namespace,
        `${id} noted at ${at}`,
      ]);
    });
  }
}

@Controller()
class ToyNotices {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly work: UnitOfWork,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
  ) {}

  @EventPattern('ToyBilled')
  async onToyBilled(notice: Notice): Promise<void> {
    const { id } = notice.data as { id: string };
    const first = await this.work.run({ ...scope, cause: notice.id }, async (tx) => {
      if (!(await once(tx, 'toy.onToyBilled', notice))) return false;
      await managerOf(tx).query('INSERT INTO toy_log (namespace, line) VALUES ($1, $2)', [
        tx.namespace,
        `${id} billed at ${tx.at.toString()}`,
      ]);
      return true;
    });
    if (first)
      await this.queue.add('toy.note', { namespace: 'default', id }, { key: `toy.note/${notice.id}` });
  }
}

@Module({ providers: [ToyBilling], controllers: [ToyNotices] })
class ToyModule {}

export const toyRoom: Room = { name: 'toy', module: ToyModule };
