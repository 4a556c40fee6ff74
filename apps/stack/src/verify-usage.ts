import { runOnInstance } from './run-on-instance.js';

await runOnInstance('apps/billing/dist/main-verify-usage.js', process.argv.slice(2));
