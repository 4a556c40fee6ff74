import { runOnInstance } from './run-on-instance.js';

await runOnInstance('apps/billing/dist/main-keys.js', process.argv.slice(2));
