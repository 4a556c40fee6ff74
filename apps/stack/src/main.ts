import { EngineFault } from '@ledgerline/embedded';
import { ConfigError } from '@ledgerline/platform/config';
import { resetDataDir } from './data-dir.js';
import { greet } from './greet.js';
import { planInstance } from './plan-instance.js';
import { type Arguments, ArgumentError, readArguments, usage } from './read-arguments.js';
import { startInstance } from './start-instance.js';

const say = (line: string): void => {
  console.log(line);
};

async function start(args: Arguments): Promise<number> {
  const instance = planInstance(args, process.env);
  let interrupts = 0;
  const interrupted = new Promise<string>((resolve) => {
    process.on('SIGINT', () => {
      interrupts += 1;
      if (interrupts === 1) resolve('\nStopping …');
      else if (interrupts === 2) say('Still stopping; once more ends it at once.');
      // The watchdogs end everything else when this process is gone.
      else process.exit(130);
    });
    // Often sent twice, to the process group and by npm, so it counts once.
    process.on('SIGTERM', () => {
      resolve('Stopping …');
    });
  });
  const running = await startInstance(instance, {
    env: process.env,
    say,
    ...(args.only !== undefined && { only: args.only }),
  });
  const { baseUrl, startedInMs } = running;
  say(greet({ baseUrl, logDir: instance.logDir, seconds: startedInMs / 1000 }));
  const outcome = await Promise.race([
    interrupted.then((line) => ({ line, code: 0 })),
    running.failed.then((line) => ({ line: `${line}\nStopping.`, code: 1 })),
  ]);
  say(outcome.line);
  await running.stop();
  say('Everything has stopped; the data is kept.');
  return outcome.code;
}

async function reset(args: Arguments): Promise<number> {
  const { dataDir } = planInstance(args, process.env);
  const outcome = await resetDataDir(dataDir);
  say(outcome === 'removed' ? `Removed ${dataDir}.` : `There is nothing at ${dataDir}.`);
  return 0;
}

async function main(): Promise<number> {
  try {
    const args = readArguments(process.argv.slice(2));
    if (args.help) {
      say(usage);
      return 0;
    }
    return await (args.command === 'start' ? start(args) : reset(args));
  } catch (error) {
    if (error instanceof ArgumentError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof EngineFault || error instanceof ConfigError) console.error(error.message);
    else console.error(error);
    return 1;
  }
}

process.exit(await main());
