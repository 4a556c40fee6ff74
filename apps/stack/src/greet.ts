/** What a person sees once everything runs: where it is and three lines to try. */
export function greet(facts: { baseUrl: string; logDir: string; seconds: number }): string {
  const { baseUrl, logDir, seconds } = facts;
  return `
Ledgerline is ready after ${seconds.toFixed(1)} s.

  Base URL   ${baseUrl}
  API docs   ${baseUrl}/docs
  Logs       ${logDir}

Try it:

  curl -X POST ${baseUrl}/api/v1/meters -H 'content-type: application/json' \\
    -d '{"slug":"tokens","eventType":"prompt","aggregation":"SUM","valueProperty":"$.tokens"}'
  curl -i -X POST ${baseUrl}/api/v1/events -H 'content-type: application/cloudevents+json' \\
    -d '{"specversion":"1.0","id":"1","source":"curl","type":"prompt","subject":"me","data":{"tokens":"12.5"}}'
  curl ${baseUrl}/api/v1/meters/tokens/query

Ctrl-C stops everything; the data stays. npm run demo shows usage becoming an invoice.`;
}
