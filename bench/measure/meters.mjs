// The meters of the bench, made over the API like anybody's.

const meters = [
  {
    slug: 'bench_amount',
    eventType: 'prompt',
    aggregation: 'SUM',
    valueProperty: '$.amount',
    groupBy: { model: '$.model' },
  },
  { slug: 'bench_users', eventType: 'prompt', aggregation: 'UNIQUE_COUNT', valueProperty: '$.user' },
];
/** Counts the events that freshness is measured with. */
export const probeMeter = { slug: 'bench_probe', eventType: 'bench-probe', aggregation: 'COUNT' };

export async function createMeters(apiUrl, wanted = meters) {
  for (const meter of wanted) {
    const reply = await fetch(`${apiUrl}/api/v1/meters`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(meter),
    });
    if (!reply.ok) throw new Error(`meter ${meter.slug}: ${reply.status} ${await reply.text()}`);
    await reply.arrayBuffer();
  }
}

/** Makes the meters with an api that runs for this alone. */
export async function declareMeters(corner) {
  const api = await corner.startApi();
  await createMeters(api.url);
  await api.stop();
}
