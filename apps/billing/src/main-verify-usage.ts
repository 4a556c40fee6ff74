import { systemClock } from '@ledgerline/kernel';
import { openVerification } from '@ledgerline/metering';
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { explain } from '@ledgerline/platform/main';
import { openPostgres, PostgresUnitOfWork } from '@ledgerline/platform/postgres';
import { readVerifyArguments, usage, VerifyArgumentError } from './read-verify-arguments.js';
import { tellVerification } from './tell-verification.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Reads only, so it may run beside everything else.
try {
  const command = readVerifyArguments(process.argv.slice(2));
  if (command === undefined) say(usage);
  else {
    const config = loadConfig({ env: process.env });
    const postgres = await openPostgres({ ...config.postgres, service: 'verify' });
    const clickhouse = openClickHouse({ ...config.clickhouse, service: 'verify' });
    try {
      const unitOfWork = new PostgresUnitOfWork(postgres, systemClock);
      const verified = await openVerification({ clickhouse, postgres, unitOfWork }).run(command);
      for (const line of tellVerification(verified)) say(line);
      if (verified.difference !== undefined) process.exitCode = 1;
    } finally {
      await clickhouse.close();
      await postgres.destroy();
    }
  }
} catch (error) {
  if (error instanceof VerifyArgumentError) {
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exitCode = 2;
  } else {
    explain(error);
    process.exitCode = 1;
  }
}
