import { runMain } from './run-main.js';
import { startApi } from './start-api.js';

await runMain((config) => startApi(config));
