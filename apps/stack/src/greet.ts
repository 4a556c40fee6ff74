import { type ServiceName, serviceNames } from './programs.js';

/** What a person sees once everything runs: where it is and three lines to try. */
export function greet(facts: {
  readonly baseUrl: string;
  readonly logDir: string;
  readonly seconds: number;
  readonly services: readonly ServiceName[];
  /** With `auth.mode: api-key`: what makes one on this very instance. */
  readonly keyCommand: string | undefined;
}): string {
  const { baseUrl, logDir, seconds, services, keyCommand } = facts;
  if (services.length < serviceNames.length) {
    return `\nReady after ${seconds.toFixed(1)} s: ${services.join(', ')}. Logs: ${logDir}. Ctrl-C stops them.`;
  }
  const auth = keyCommand !== undefined ? ' -H "authorization: Bearer $KEY"' : '';
  return `
Ledgerline is ready after ${seconds.toFixed(1)} s.

  Base URL   ${baseUrl}
  API docs   ${baseUrl}/docs
  Logs       ${logDir}

Try it${keyCommand === undefined ? '' : `, with the key that\n  ${keyCommand}\nprints as $KEY`}:

  curl${auth} -X POST ${baseUrl}/api/v1/meters -H 'content-type: application/json' \\
    -d '{"slug":"tokens","eventType":"prompt","aggregation":"SUM","valueProperty":"$.tokens"}'
  curl${auth} -i -X POST ${baseUrl}/api/v1/events -H 'content-type: application/cloudevents+json' \\
    -d '{"specversion":"1.0","id":"1","source":"curl","type":"prompt","subject":"me","data":{"tokens":"12.5"}}'
  curl${auth} ${baseUrl}/api/v1/meters/tokens/query

Ctrl-C stops everything; the data stays. npm run demo shows usage becoming an invoice.`;
}
