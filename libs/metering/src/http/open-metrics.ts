/** A label's text between quotes: OpenMetrics escapes these three and nothing else. */
const label = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Events per subject as OpenMetrics text. */
export function eventsToOpenMetrics(
  counts: readonly { readonly subject: string; readonly events: bigint }[],
): string {
  const lines = [
    '# HELP openmeter_events Number of ingested events',
    '# TYPE openmeter_events counter',
    ...counts.map(({ subject, events }) => `openmeter_events_total{subject="${label(subject)}"} ${events}.0`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
