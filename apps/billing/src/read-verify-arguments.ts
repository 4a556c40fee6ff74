import { type Instant, instant } from '@ledgerline/kernel';
import { parseArgs } from 'node:util';

export const usage = `npm run verify:usage -- --meter SLUG_OR_ID [options]
compares readings with the events they were read from, and rollups with the readings they sum up

  --from INSTANT     RFC 3339; the whole UTC day around it is verified (default: everything)
  --to INSTANT       RFC 3339, excluded
  --namespace NAME   default: default
  --config FILE, --data DIR, --port N   which instance, as for npm start
  --help             this text

Exit codes: 0 no difference, 1 a difference or a failure, 2 wrong arguments.`;

/** A command line that cannot be understood. */
export class VerifyArgumentError extends Error {
  override readonly name = 'VerifyArgumentError';
}

export interface VerifyCommand {
  readonly meter: string;
  readonly namespace: string;
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
}

/** Undefined when help is wanted. */
export function readVerifyArguments(argv: readonly string[]): VerifyCommand | undefined {
  const values = parse(argv);
  if (values.help === true) return undefined;
  if (values.meter === undefined) throw new VerifyArgumentError('--meter is missing');
  return {
    meter: values.meter,
    namespace: values.namespace ?? 'default',
    from: instantOf('from', values.from),
    to: instantOf('to', values.to),
  };
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        meter: { type: 'string' },
        namespace: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new VerifyArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function instantOf(name: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  try {
    return instant(text);
  } catch (error) {
    throw new VerifyArgumentError(`--${name} is not an instant like 2025-06-01T00:00:00Z: ${text}`, {
      cause: error,
    });
  }
}
