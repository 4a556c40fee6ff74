import { refusal, type Refusal } from '@ledgerline/kernel';

interface DriverError {
  readonly code: string;
  readonly constraint?: string;
}

function driverErrorOf(error: unknown): DriverError | undefined {
  const inner =
    typeof error === 'object' && error !== null && 'driverError' in error ? error.driverError : error;
  if (typeof inner !== 'object' || inner === null || !('code' in inner)) return undefined;
  return typeof inner.code === 'string' ? (inner as DriverError) : undefined;
}

/** The SQLSTATE of an error of pg or TypeORM; undefined for anything else. */
export const sqlStateOf = (error: unknown): string | undefined => driverErrorOf(error)?.code;

/** True when the error says that this unique constraint (or any, when none is named) would be broken. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const inner = driverErrorOf(error);
  return inner?.code === '23505' && (constraint === undefined || inner.constraint === constraint);
}

/** What an error of Postgres says about the request rather than about us; undefined when it is our own failure. */
export function refusalOfPostgresError(error: unknown): Refusal | undefined {
  switch (sqlStateOf(error) ?? '') {
    case '22021': // character not in repertoire
    case '22P05': // untranslatable character
      return refusal.invalid('text must not contain the character U+0000');
    case '55P03': // lock not available
      return refusal.conflict('another request is changing the same thing', { retryAfterSeconds: 1 });
    case '53300': // too many connections
    case '57P01': // the server shuts down
    case '57P03': // the server starts up
    case '08006':
    case 'ECONNREFUSED': // these also of ClickHouse, Redis and Kafka
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return refusal.unavailable('a database cannot be reached', { retryAfterSeconds: 5 });
    default:
      return undefined;
  }
}
