import { EngineFault, findPostgresUrl, repositoryRoot } from '@ledgerline/embedded';
import { ConfigError } from '@ledgerline/platform/config';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type EngineName, type Instance, planInstance, portOffsets, serviceEnv } from './plan-instance.js';
import { type Arguments, ArgumentError, readArguments } from './read-arguments.js';

const instanceOptions = ['--config', '--data', '--port'];

/** Parts what says which instance is meant from what is for the command itself. */
function partArguments(argv: readonly string[]): { readonly args: Arguments; readonly rest: string[] } {
  const mine: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const [name = ''] = (argv[at] ?? '').split('=');
    if (!instanceOptions.includes(name)) rest.push(argv[at] ?? '');
    else {
      mine.push(argv[at] ?? '');
      if (name === argv[at]) mine.push(argv[(at += 1)] ?? '');
    }
  }
  return { args: readArguments(['start', ...mine]), rest };
}

/** Where the running instance's Postgres is, as the services know it. */
async function postgresOf(instance: Instance): Promise<ReadonlyMap<EngineName, string>> {
  if (!instance.localEngines.includes('postgres')) return new Map();
  const dataDir = join(instance.dataDir, 'postgres');
  const url = await findPostgresUrl({ dataDir, port: instance.port + portOffsets.postgres });
  if (url === undefined) {
    throw new EngineFault('Instance', `${instance.dataDir} holds no instance yet; run npm start first`);
  }
  return new Map([['postgres', url]]);
}

async function run(entry: string, argv: readonly string[]): Promise<number> {
  const { args, rest } = partArguments(argv);
  const instance = planInstance(args, process.env);
  const wantsHelp = rest.length === 0 || rest.includes('--help');
  const env = serviceEnv(instance, wantsHelp ? new Map() : await postgresOf(instance), process.env);
  // A process of its own: the supervisor carries no database layer.
  const child = spawn(process.execPath, [join(repositoryRoot, entry), ...rest], { env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs a compiled command against the databases of the instance that the command line names; sets the exit code. */
export async function runOnInstance(entry: string, argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(entry, argv);
  } catch (error) {
    const isTheirs = [ArgumentError, EngineFault, ConfigError].some((kind) => error instanceof kind);
    console.error(isTheirs && error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
