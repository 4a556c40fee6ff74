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

/** The message of anything thrown; libraries throw more than Errors. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message || thrown.name : String(thrown);

/** The errno name of a failed system call (`ENOENT`, `EADDRINUSE`), or undefined for anything else. */
export const errnoOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
