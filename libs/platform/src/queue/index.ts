export {
  BullMqJobQueue,
  type QueueActivity,
  type QueueOptions,
  type RunningWorker,
  startJobWorker,
  type WorkerOptions,
} from './bullmq-queue.js';
export { InMemoryJobQueue } from './in-memory-queue.js';
