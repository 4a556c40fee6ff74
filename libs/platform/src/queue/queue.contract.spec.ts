import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobPayload, JobQueue } from '@ledgerline/kernel';
import { eventually, type Isolated, isolated } from '@ledgerline/testkit';
import { pino } from 'pino';
import { JobRegistry } from '../job-registry.js';
import { BullMqJobQueue, startJobWorker } from './bullmq-queue.js';
import { InMemoryJobQueue } from './in-memory-queue.js';

interface Subject {
  readonly queue: JobQueue;
  work(registry: JobRegistry): void;
  pending(): Promise<number>;
  close(): Promise<void>;
}

const attemptsMax = 3;
let corner: Isolated;
let prefixes = 0;
beforeAll(async () => {
  corner = await isolated();
});
afterAll(() => corner.dispose());

const subjects: readonly (readonly [string, () => Subject])[] = [
  [
    'InMemoryJobQueue',
    () => {
      const queue = new InMemoryJobQueue({ attemptsMax });
      return {
        queue,
        work: (registry) => queue.start(registry),
        pending: () => Promise.resolve(queue.pending()),
        close: () => {
          queue.close();
          return Promise.resolve();
        },
      };
    },
  ],
  [
    'BullMqJobQueue',
    () => {
      const options = {
        url: corner.redisUrl,
        keyPrefix: `${corner.redisPrefix}${(prefixes += 1)}`,
        attemptsMax,
        backoffMs: 10,
        logger: pino({ level: 'silent' }),
      };
      const queue = new BullMqJobQueue(options);
      let stop = (): Promise<void> => Promise.resolve();
      return {
        queue,
        work: (registry) => {
          const worker = startJobWorker(options, { registry, concurrency: 4 });
          stop = () => worker.stop();
        },
        pending: async () => (await queue.readActivity()).pending,
        close: async () => {
          await stop();
          await queue.close();
        },
      };
    },
  ],
];

describe.each(subjects)('%s', (_name, open) => {
  let subject: Subject;
  let registry: JobRegistry;
  const ran: string[] = [];
  beforeEach(() => {
    ran.length = 0;
    subject = open();
    registry = new JobRegistry();
    registry.handle('note', ({ id = '' }: JobPayload) => Promise.resolve(void ran.push(id)));
  });
  afterEach(() => subject.close());

  const add = (id: string, key = id, name = 'note') =>
    subject.queue.add(name, { namespace: 'default', id }, { key });
  const idle = () =>
    eventually(async () => (await subject.pending()) === 0, { what: 'the queue to be empty' });

  it('runs each job with its payload', async () => {
    subject.work(registry);
    await add('a');
    await add('b');
    await idle();
    expect([...ran].sort()).toEqual(['a', 'b']);
  });

  it('keeps one waiting job per key, whatever characters the key has', async () => {
    const key = 'invoice:01H:advance/draft:2025-01-01T00:00:00Z';
    for (const id of ['a', 'b', 'c']) await add(id, key);
    expect(await subject.pending()).toBe(1);
    subject.work(registry);
    await idle();
    expect(ran).toEqual(['a']);
  });

  it('frees the key once the job is done', async () => {
    subject.work(registry);
    await add('a', 'k');
    await idle();
    await add('b', 'k');
    await idle();
    expect(ran).toEqual(['a', 'b']);
  });

  it('keeps one more job for a key that is running, and never runs two at once', async () => {
    let running = 0;
    let most = 0;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    registry.handle('slow', async ({ id = '' }) => {
      most = Math.max(most, (running += 1));
      await released;
      running -= 1;
      ran.push(id);
    });
    subject.work(registry);
    await add('a', 'k', 'slow');
    await eventually(() => running === 1, { what: 'the job to run' });
    await add('b', 'k', 'slow');
    await add('c', 'k', 'slow');
    release();
    await idle();
    expect(ran).toEqual(['a', 'c']);
    expect(most).toBe(1);
  });

  it('tries a failing job again, a bounded number of times, and then frees its key', async () => {
    let attempts = 0;
    registry.handle('fail', () => {
      attempts += 1;
      return Promise.reject(new Error('no'));
    });
    subject.work(registry);
    await add('a', 'k', 'fail');
    await idle();
    expect(attempts).toBe(attemptsMax);
    await add('b', 'k', 'fail');
    await idle();
    expect(attempts).toBe(2 * attemptsMax);
  });

  it('succeeds once a later attempt does', async () => {
    let attempts = 0;
    registry.handle('flaky', ({ id = '' }) => {
      attempts += 1;
      if (attempts < attemptsMax) return Promise.reject(new Error('not yet'));
      return Promise.resolve(void ran.push(id));
    });
    subject.work(registry);
    await add('a', 'k', 'flaky');
    await idle();
    expect(ran).toEqual(['a']);
  });

  it('holds a delayed job back and counts it as pending', async () => {
    subject.work(registry);
    const before = performance.now();
    await subject.queue.add('note', { namespace: 'default', id: 'late' }, { key: 'late', delayMs: 150 });
    expect(await subject.pending()).toBe(1);
    await idle();
    expect(ran).toEqual(['late']);
    expect(performance.now() - before).toBeGreaterThan(140);
  });
});
