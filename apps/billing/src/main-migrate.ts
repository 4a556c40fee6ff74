import { loadConfig } from '@ledgerline/platform/config';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import { explain } from '@ledgerline/platform/main';

try {
  const config = loadConfig({ env: process.env });
  await migrateAll({
    config,
    logger: createLogger({ service: 'migrate', level: config.telemetry.logLevel }),
  });
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
