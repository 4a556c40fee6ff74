/** Where the engines of a test run answer. */
export interface EngineAddresses {
  /** `host:port` of one broker. */
  readonly kafkaBrokers: readonly string[];
  readonly clickhouseUrl: string;
  /** With user, password and database. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/** Set by the Jest globalSetup of the projects int and e2e; a JSON document of EngineAddresses. */
export const ENGINES_VARIABLE = 'LEDGERLINE_TEST_ENGINES';

/** The shared engines of this run. Errors: when the spec does not run in a project that has them. */
export function sharedEngines(): EngineAddresses {
  const text = process.env[ENGINES_VARIABLE];
  if (text === undefined) {
    throw new Error(
      `${ENGINES_VARIABLE} is not set: only the Jest projects int and e2e start engines (*.int.spec.ts, *.contract.spec.ts, *.e2e.spec.ts)`,
    );
  }
  return JSON.parse(text) as EngineAddresses;
}
