import { EngineFault } from '@ledgerline/embedded';
import { ConfigError } from '@ledgerline/platform/config';
import { takeBackup } from './backup.js';
import { resetDataDir } from './data-dir.js';
import { greet } from './greet.js';
import { planInstance } from './plan-instance.js';
import { type Arguments, ArgumentError, readArguments, usage } from './read-arguments.js';
import { restoreBackup } from './restore.js';
import { startInstance } from './start-instance.js';

const say = (line: string): void => {
  console.log(line);
};

const stopped = 'Everything has stopped; the data is kept.';

/** As it must be typed to reach this instance and no other. */
const keyCommandOf = (args: Arguments): string =>
  [
    'npm run keys -- create --namespace acme --name first',
    ...(args.port === undefined ? [] : [`--port ${args.port}`]),
    ...(args.dataDir === undefined ? [] : [`--data ${args.dataDir}`]),
    ...(args.configFile === undefined ? [] : [`--config ${args.configFile}`]),
  ].join(' ');

async function start(args: Arguments): Promise<number> {
  const instance = planInstance(args, process.env);
  let interrupts = 0;
  const starting = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    const stop = (line: string): void => {
      if (!starting.signal.aborted) say(line);
      starting.abort();
      resolve();
    };
    process.on('SIGINT', () => {
      interrupts += 1;
      if (interrupts === 1) stop('\nStopping …');
      else if (interrupts === 2) say('Still stopping; once more ends it at once.');
      // The watchdogs end everything else when this process is gone.
      else process.exit(130);
    });
    // Often sent twice, to the process group and by npm, so it counts once.
    process.on('SIGTERM', () => {
      stop('Stopping …');
    });
  });
  const running = await startInstance(instance, {
    env: process.env,
    say,
    signal: starting.signal,
    ...(args.only !== undefined && { only: args.only }),
  }).catch((error: unknown) => {
    // What fails because it was interrupted needs no explanation.
    if (starting.signal.aborted) return undefined;
    throw error;
  });
  if (running === undefined) {
    say(stopped);
    return 0;
  }
  const { baseUrl, startedInMs, services } = running;
  say(
    greet({
      baseUrl,
      logDir: instance.logDir,
      seconds: startedInMs / 1000,
      services,
      keyCommand: instance.config.auth.mode === 'api-key' ? keyCommandOf(args) : undefined,
    }),
  );
  const outcome = await Promise.race([
    interrupted.then(() => 0),
    running.failed.then((line) => {
      say(`${line}\nStopping.`);
      return 1;
    }),
  ]);
  await running.stop();
  say(stopped);
  return outcome;
}

async function reset(args: Arguments): Promise<number> {
  const { dataDir } = planInstance(args, process.env);
  const outcome = await resetDataDir(dataDir);
  say(outcome === 'removed' ? `Removed ${dataDir}.` : `There is nothing at ${dataDir}.`);
  return 0;
}

async function backup(args: Arguments & { readonly to: string }): Promise<number> {
  const instance = planInstance(args, process.env);
  const { files, bytes } = await takeBackup(instance, args.to, new Date());
  say(
    `Copied ${instance.dataDir} to ${args.to}: ${files} files, ${mebibytes(bytes)}. It holds all data; keep it safe.`,
  );
  return 0;
}

async function restore(args: Arguments & { readonly from: string }): Promise<number> {
  const { dataDir } = planInstance(args, process.env);
  const { files, bytes, createdAt } = await restoreBackup(args.from, dataDir);
  say(
    `Restored the backup of ${createdAt} to ${dataDir}: ${files} files, ${mebibytes(bytes)}, all checksums right.`,
  );
  return 0;
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

function perform(args: Arguments): Promise<number> {
  if (args.command === 'start') return start(args);
  if (args.command === 'reset') return reset(args);
  if (args.to !== undefined) return backup({ ...args, to: args.to });
  if (args.from !== undefined) return restore({ ...args, from: args.from });
  throw new ArgumentError(`${args.command} needs a directory`);
}

async function main(): Promise<number> {
  try {
    const args = readArguments(process.argv.slice(2));
    if (args.help) {
      say(usage);
      return 0;
    }
    return await perform(args);
  } catch (error) {
    if (error instanceof ArgumentError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof EngineFault || error instanceof ConfigError) console.error(error.message);
    else console.error(error);
    return 1;
  }
}

process.exit(await main());
