import { runMain } from './run-main.js';
import { startWorker } from './start-worker.js';

await runMain((config) => startWorker(config));
