import { runMain } from '@ledgerline/platform/main';
import { startApi } from './start-api.js';

await runMain((config) => startApi(config));
