import { parseArgs } from 'node:util';

export type Command = 'start' | 'reset';

/** What a person asked for on the command line. */
export interface Arguments {
  readonly command: Command;
  readonly configFile?: string;
  readonly dataDir?: string;
  readonly port?: number;
  /** Services to start; all of them when absent. */
  readonly only?: readonly string[];
  readonly help: boolean;
}

export const usage = `npm start -- [options]      start everything
npm run reset -- [options]  remove the data of a stopped instance

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
  if (command !== 'start' && command !== 'reset') {
    throw new ArgumentError(`unknown command ${command}; there are start and reset`);
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
    help: values.help === true,
  };
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
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
