import { reasonOf } from '../fault.js';

/** A refusal or error in ClickHouse's own shape; code and name are those of its table of error codes. */
export class GatewayFailure extends Error {
  constructor(
    readonly code: number,
    readonly codeName: string,
    reason: string,
  ) {
    super(`Code: ${code}. DB::Exception: ${reason} (${codeName})`);
  }
}

export const syntaxError = (reason: string): GatewayFailure =>
  new GatewayFailure(62, 'SYNTAX_ERROR', `Syntax error: ${reason}.`);

/** What is the gateway's own decision to refuse, not a fault of the statement. */
export const forbidden = (what: string): GatewayFailure =>
  new GatewayFailure(497, 'ACCESS_DENIED', `The gateway does not run statements with ${what}.`);

/** The same statuses a ClickHouse server answers, by the name of the error; anything else is a 500. */
const NAMES_BY_STATUS: Readonly<Record<number, readonly string[]>> = {
  400: [
    'BAD_ARGUMENTS',
    'CANNOT_COMPILE_REGEXP',
    'DUPLICATE_COLUMN',
    'ILLEGAL_COLUMN',
    'INCORRECT_DATA',
    'SYNTAX_ERROR',
    'THERE_IS_NO_COLUMN',
    'TOO_BIG_AST',
    'TOO_DEEP_AST',
    'TYPE_MISMATCH',
    'UNEXPECTED_AST_STRUCTURE',
    'UNKNOWN_ELEMENT_IN_AST',
    'UNKNOWN_TYPE_OF_AST_NODE',
    'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  ],
  403: ['ACCESS_DENIED'],
  404: [
    'UNKNOWN_AGGREGATE_FUNCTION',
    'UNKNOWN_DATABASE',
    'UNKNOWN_DATABASE_ENGINE',
    'UNKNOWN_DIRECTION_OF_SORTING',
    'UNKNOWN_FORMAT',
    'UNKNOWN_FUNCTION',
    'UNKNOWN_IDENTIFIER',
    'UNKNOWN_ROLE',
    'UNKNOWN_SETTING',
    'UNKNOWN_STORAGE',
    'UNKNOWN_TABLE',
    'UNKNOWN_TYPE',
    'UNKNOWN_TYPE_OF_QUERY',
  ],
  408: ['TIMEOUT_EXCEEDED'],
  411: ['HTTP_LENGTH_REQUIRED'],
  413: ['QUERY_IS_TOO_LARGE', 'TOO_LARGE_DATA'],
  500: ['READONLY'],
  501: ['NOT_IMPLEMENTED'],
  503: ['CANNOT_OPEN_FILE', 'CANNOT_SCHEDULE_TASK', 'SOCKET_TIMEOUT', 'TOO_MANY_SIMULTANEOUS_QUERIES'],
};

const STATUS_BY_NAME: ReadonlyMap<string, number> = new Map(
  Object.entries(NAMES_BY_STATUS).flatMap(([status, names]) =>
    names.map((name) => [name, Number(status)] as const),
  ),
);

export interface Failure {
  readonly code: number;
  readonly status: number;
  readonly message: string;
}

/** Reads code and name out of what was thrown; a thing without them is ours: code 1002, status 500. */
export function failureOf(thrown: unknown): Failure {
  const message = reasonOf(thrown);
  const code = /^Code: (\d+)\./.exec(message)?.[1];
  if (code === undefined) {
    return { code: 1002, status: 500, message: `Code: 1002. DB::Exception: ${message} (UNKNOWN_EXCEPTION)` };
  }
  // Nested errors repeat the name; the last one is the outermost.
  const name = [...message.matchAll(/\(([A-Z][A-Z0-9_]{2,})\)/g)].at(-1)?.[1] ?? '';
  const parsing = name.startsWith('CANNOT_PARSE_');
  return { code: Number(code), status: parsing ? 400 : (STATUS_BY_NAME.get(name) ?? 500), message };
}
