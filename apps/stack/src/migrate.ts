import { EngineFault, repositoryRoot, tail } from '@ledgerline/embedded';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from './plan-instance.js';

/** Brings the databases and topics to this version. Errors: EngineFault with the migration's own line. */
export async function migrate(
  instance: Instance,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const logFile = join(instance.logDir, 'migrate.log');
  const log = openSync(logFile, 'a', 0o600);
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, [join(repositoryRoot, 'apps/billing/dist/main-migrate.js')], {
      env,
      stdio: ['ignore', log, log],
    });
    child.once('error', reject);
    child.once('exit', (exitCode) => {
      resolve(exitCode ?? 1);
    });
  }).finally(() => {
    closeSync(log);
  });
  if (code !== 0) throw new EngineFault('Migration', `${await tail(logFile)} (whole log: ${logFile})`);
}
