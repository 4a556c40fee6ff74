import { loadConfig } from '@ledgerline/platform/config';
import { openPostgres, PostgresUnitOfWork } from '@ledgerline/platform/postgres';
import { explain, PlainError } from '@ledgerline/platform/main';
import { reasonOf } from '@ledgerline/platform/telemetry';
import { openClock } from '@ledgerline/system';
import { KeyArgumentError, readKeyArguments, usage } from './read-key-arguments.js';
import { runKeyCommand } from './run-key-command.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Only Postgres is touched: the worker hears of the change from the journal and tells the other services.
try {
  const command = readKeyArguments(process.argv.slice(2));
  if (command === undefined) say(usage);
  else {
    const config = loadConfig({ env: process.env });
    const postgres = await openPostgres({ ...config.postgres, service: 'keys' }).catch((error: unknown) => {
      throw new PlainError(
        `Postgres does not answer: ${reasonOf(error)}. Is the instance running, and is it the one on this port?`,
      );
    });
    try {
      const clock = await openClock(config.clock.mode, postgres);
      for (const line of await runKeyCommand(new PostgresUnitOfWork(postgres, clock), command)) say(line);
    } finally {
      await postgres.destroy();
    }
  }
} catch (error) {
  if (error instanceof KeyArgumentError) process.stderr.write(`${error.message}\n\n${usage}\n`);
  else explain(error);
  process.exitCode = 1;
}
