/** An engine could not be started or died. The message is one line that says what to do. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';

  constructor(
    readonly engine: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${engine}: ${problem}`, options);
  }
}

// Told by shape, not by class: an error of Node itself belongs to another realm inside a test runner.
const fieldOf = (thrown: unknown, name: string): unknown =>
  typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined;

/** The message of anything thrown; libraries throw more than Errors. */
export function reasonOf(thrown: unknown): string {
  const message = fieldOf(thrown, 'message');
  return typeof message === 'string' && message !== '' ? message : String(thrown);
}

/** The errno name of a failed system call (`ENOENT`, `EADDRINUSE`), or undefined for anything else. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = fieldOf(thrown, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** What a failed program printed, or the empty string. */
export function outputOf(thrown: unknown): string {
  const output = fieldOf(thrown, 'stdout');
  return typeof output === 'string' ? output : '';
}
