import { runMain } from '@ledgerline/platform/main';
import { startWorker } from './start-worker.js';

await runMain((config) => startWorker(config));
