import { runMain } from '@ledgerline/platform/main';
import { startIngest } from './start-ingest.js';

// Longer than the lanes take to drain.
await runMain((config) => startIngest(config), { shutdownMaxMs: 20_000 });
