import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const commands = ['start', 'reset', 'backup', 'restore'] as const;
export type Command = (typeof commands)[number];

/** What a person asked for on the command line. */
export interface Arguments {
  readonly command: Command;
  readonly configFile?: string;
  readonly dataDir?: string;
  readonly port?: number;
  /** Services to start; all of them when absent. */
  readonly only?: readonly string[];
  /** Where a backup goes. */
  readonly to?: string;
  /** Where a backup is. */
  readonly from?: string;
  readonly help: boolean;
}

export const usage = `npm start -- [options]      start everything
npm run reset -- [options]  remove the data of a stopped instance
npm run backup -- --to DIR     copy a stopped instance, with a list of checksums
npm run restore -- --from DIR  make an empty data directory out of a backup

  --config FILE   YAML configuration (or LEDGERLINE_CONFIG)
  --data DIR      where this instance keeps its data (or LEDGERLINE_INSTANCE_DATA_DIR; default .ledgerline/data)
  --port N        base port; twelve more follow (or LEDGERLINE_INSTANCE_PORT; default 8888)
  --only A,B      start these services only: ingest, sink, api, worker, front-door; the engines start as needed
  --help          this text`;

/** A command line that cannot be understood; the message says what to write instead. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

const highestBasePort = 65_523;

export function readArguments(argv: readonly string[]): Arguments {
  const [command = 'start', ...rest] = argv;
  if (!isCommand(command)) {
    throw new ArgumentError(`unknown command ${command}; there are ${commands.join(', ')}`);
  }
  const values = parse(rest);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= highestBasePort)) {
    throw new ArgumentError(
      `--port must be a whole number from 1 to ${highestBasePort}, not ${values.port ?? ''}`,
    );
  }
  return {
    command,
    ...(values.config !== undefined && { configFile: values.config }),
    ...(values.data !== undefined && { dataDir: values.data }),
    ...(port !== undefined && { port }),
    ...(values.only !== undefined && { only: values.only.split(',').map((name) => name.trim()) }),
    ...placesOf(command, values),
    help: values.help === true,
  };
}

const isCommand = (text: string): text is Command => (commands as readonly string[]).includes(text);

/** Where a backup is, resolved here: the data directory is relative to the clone, this to whoever asks. */
function placesOf(
  command: Command,
  { to, from, help }: { to?: string | undefined; from?: string | undefined; help?: boolean | undefined },
): Pick<Arguments, 'to' | 'from'> {
  const wanted = { backup: { to }, restore: { from }, start: {}, reset: {} }[command];
  for (const [name, value] of Object.entries({ to, from })) {
    if (value !== undefined && !(name in wanted)) throw new ArgumentError(`${command} takes no --${name}`);
  }
  const places: { to?: string; from?: string } = {};
  for (const [name, value] of Object.entries(wanted) as ['to' | 'from', string | undefined][]) {
    if (value !== undefined) places[name] = resolve(value);
    else if (help !== true) throw new ArgumentError(`${command} needs --${name} DIR`);
  }
  return places;
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        data: { type: 'string' },
        port: { type: 'string' },
        only: { type: 'string' },
        to: { type: 'string' },
        from: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
