import type { JobOptions, JobPayload, JobQueue } from '@ledgerline/kernel';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { JobRegistry } from '../job-registry.js';

/** `jobs`: what virtual time waits for. `outside`: what talks to the outside, by the machine's clock. */
export type QueueName = 'jobs' | 'outside';

export interface QueueOptions {
  /** `jobs` when absent. */
  readonly name?: QueueName;
  readonly url: string;
  readonly keyPrefix: string;
  /** Tries before a job counts as failed. */
  readonly attemptsMax: number;
  readonly logger: Logger;
  /** The pause before the second try; it doubles from there. */
  readonly backoffMs?: number;
}

export interface WorkerOptions {
  readonly registry: JobRegistry;
  readonly concurrency: number;
  /** Runs before each job: refreshes the clock. */
  readonly before?: () => Promise<void>;
}

const nameOf = ({ name = 'jobs' }: QueueOptions): QueueName => name;
// Finished jobs are kept to be looked at, never to be relied on: the last thousand of each kind.
const keptMax = 1_000;

/** Jobs that could still do something: what virtual time waits for. */
export interface QueueActivity {
  readonly pending: number;
}

export class BullMqJobQueue implements JobQueue {
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(private readonly options: QueueOptions) {
    this.connection = new Redis(options.url, {
      // A request that adds a job must get an answer while Redis is away; the sweeper finds the work again.
      maxRetriesPerRequest: 3,
      commandTimeout: 5_000,
    });
    // Without a listener a broken connection would end the process; the client connects again by itself.
    this.connection.on('error', (error) => options.logger.warn({ err: error }, 'Redis connection'));
    this.queue = new Queue(nameOf(options), { connection: this.connection, prefix: options.keyPrefix });
    this.queue.on('error', (error) => options.logger.warn({ err: error }, 'job queue'));
  }

  async add(name: string, payload: JobPayload, { key, delayMs }: JobOptions): Promise<void> {
    await this.queue.add(name, payload, {
      // Not a job id: that stays taken while the finished job is kept, and the work could not be asked for again.
      deduplication: { id: key, keepLastIfActive: true },
      ...(delayMs === undefined ? {} : { delay: delayMs }),
      attempts: this.options.attemptsMax,
      backoff: { type: 'exponential', delay: this.options.backoffMs ?? 500 },
      removeOnComplete: { count: keptMax },
      removeOnFail: { count: keptMax },
    });
  }

  async readActivity(): Promise<QueueActivity> {
    const counts = await this.queue.getJobCounts('active', 'waiting', 'delayed', 'prioritized');
    return { pending: Object.values(counts).reduce((sum, count) => sum + count, 0) };
  }

  /** Jobs by state, for metrics. */
  countJobs(): Promise<Readonly<Record<string, number>>> {
    return this.queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'failed');
  }

  async ping(): Promise<void> {
    await this.connection.ping();
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.connection.disconnect();
  }
}

export interface RunningWorker {
  readonly trouble: string | undefined;
  /** Lets the jobs that run finish. */
  stop(): Promise<void>;
}

/** Runs jobs with the handlers of the registry. */
export function startJobWorker(options: QueueOptions, work: WorkerOptions): RunningWorker {
  const connection = new Redis(options.url, { maxRetriesPerRequest: null }); // a worker waits for Redis for ever
  let trouble: string | undefined;
  connection.on('error', (error) => (trouble = `Redis: ${error.message}`));
  connection.on('ready', () => (trouble = undefined));
  const worker = new Worker<JobPayload>(
    nameOf(options),
    async (job) => {
      const handler = work.registry.find(job.name);
      if (handler === undefined) throw new Error(`no handler for the job "${job.name}"`);
      await work.before?.();
      await handler(job.data);
    },
    {
      connection,
      prefix: options.keyPrefix,
      concurrency: work.concurrency,
      lockDuration: 30_000, // a worker that died is noticed after this long
      maxStalledCount: 1_000, // a crash is not the job's fault; its own failures are counted by attempts
    },
  );
  worker.on('error', (error) => options.logger.warn({ err: error }, 'job worker'));
  worker.on('failed', (job, error) => {
    const details = { err: error, job: job?.name, payload: job?.data, attempt: job?.attemptsMade };
    const last = job === undefined || job.attemptsMade >= (job.opts.attempts ?? 1);
    options.logger[last ? 'error' : 'warn'](
      details,
      last ? 'job failed for good' : 'job failed; it is tried again',
    );
  });
  return {
    get trouble() {
      return trouble;
    },
    async stop() {
      await worker.close();
      connection.disconnect();
    },
  };
}
