// Queries: the same events in both stores, asked over HTTP on both sides.
import { eventually } from '@ledgerline/testkit';
import { copyToReference, fillInStore } from '../lib/fill.mjs';
import { postClosedLoop } from '../lib/load.mjs';
import { geometricMean, median, requireAgreement, requireSameRows } from '../lib/statistics.mjs';
import { UsageSource } from '../lib/usage.mjs';
import { partitions } from '../lib/world.mjs';
import { createMeters } from './meters.mjs';
import { measureTail } from './tail.mjs';

const loadBatch = 500;
const storeTimeoutMs = 300_000;
/** Background merges of a hundred million rows. */
const restTimeoutMs = 1_200_000;
/** How often each query is asked in a row; the median of them is one side of a pair. */
const asks = 5;
/** From here on the reference needs many seconds for one answer, so each side is asked once. */
const manyRows = 50_000_000;
/** From here on merging everything into one part takes longer than all the rest. */
const mergedRowsMax = 5_000_000;

/** The goal of the mix grows with the rows, because rollups of closed windows do not. */
const goalOf = (rows) => ({ atLeast: rows >= 100_000_000 ? 20 : rows >= 10_000_000 ? 8 : 5 });

/** With `rows` that many events are made inside the store; without, `events` are posted through ingest and sink. */
export async function measureQueries(world, { pairs, events, rows, say, report }) {
  const corner = await world.openCorner();
  await corner.migrate();
  await corner.migrateReference();
  const api = await corner.startApi();
  await createMeters(api.url);
  const source = new UsageSource('qu');
  const stored = rows ?? events;
  const times = stored >= manyRows ? 1 : asks;
  const tally =
    rows === undefined
      ? await load(corner, source, events, say)
      : await fillInStore(corner, source, { rows, partitions, say });
  await rest(corner, stored, say);
  const reference = await corner.startReference('query');
  await agree(corner, { api, reference, tally });
  const queries = queriesOf(source);
  const ratios = [];
  for (const { name, path, inMix } of queries) {
    const seen = { ours: [], reference: [] };
    for (let pair = -1; pair < pairs; pair += 1) {
      for (const [side, { url }] of [
        ['ours', api],
        ['reference', reference],
      ]) {
        const { rows: answered, p50Ms } = await ask(`${url}${path}`, times);
        if (pair < 0) seen[`${side}Rows`] = answered;
        else seen[side].push(p50Ms);
      }
      if (pair < 0) requireSameRows(`query ${name}`, seen.oursRows, seen.referenceRows);
    }
    const ratio = report.pair({
      name: `query ${name} (${seen.oursRows.length} rows)${inMix ? '' : ', not in the mean'}`,
      unit: 'ms',
      better: 'lower',
      ours: seen.ours,
      reference: seen.reference,
      // Not slower than 1.2 times the reference.
      ...(inMix ? {} : { goal: { atLeast: 1 / 1.2 } }),
    });
    if (inMix) ratios.push(ratio.ratios);
  }
  // The mean of each pair's own four ratios, so that the range stays one of pairs.
  const means = Array.from({ length: pairs }, (_, pair) => geometricMean(ratios.map((one) => one[pair])));
  report.ratio({
    name: `query mix at ${stored.toLocaleString('en-GB')} events, geometric mean`,
    ratios: means,
    goal: goalOf(stored),
  });
  await reportFloats(reference, queries[0], report);
  await measureTail(corner, source, { api, pairs, report });
  await corner.close();
}

const queriesOf = (source) => {
  const iso = (ms) => new Date(ms).toISOString().slice(0, 19).concat('Z');
  const month = `from=${iso(source.fromMs)}&to=${iso(source.toMs)}`;
  const amount = '/api/v1/meters/bench_amount/query';
  return [
    { name: 'total', path: `${amount}?${month}`, inMix: true },
    { name: 'daily by model', path: `${amount}?${month}&windowSize=DAY&groupBy=model`, inMix: true },
    { name: 'by subject', path: `${amount}?${month}&groupBy=subject`, inMix: true },
    { name: 'unique count', path: `/api/v1/meters/bench_users/query?${month}`, inMix: true },
    // The sort key serves it on both sides, so it says little and would drag the mean up or down by chance.
    { name: 'one subject', path: `${amount}?${month}&subject=customer-0042`, inMix: false },
  ];
};

async function ask(url, asked = 1) {
  const times = [];
  let text = '';
  for (let n = 0; n < asked; n += 1) {
    const startedAt = performance.now();
    const reply = await fetch(url);
    text = await reply.text();
    times.push(performance.now() - startedAt);
    if (!reply.ok) throw new Error(`${url}: ${reply.status} ${text.slice(0, 300)}`);
  }
  const rows = JSON.parse(text).data.map(({ value, windowStart, subject, groupBy }) => [
    // The bounds of an answer without windows are those of the question.
    `${url.includes('windowSize') ? windowStart : ''} ${subject ?? ''} ${JSON.stringify(groupBy)}`,
    value,
  ]);
  return { rows, p50Ms: median(times) };
}

/** Posts everything through ingest and waits for sink and readings; the reference gets a copy of the stored events. */
async function load(corner, source, events, say) {
  const ingest = await corner.startIngest();
  const sink = await corner.startSink();
  const { tally, seconds } = await postClosedLoop({
    url: ingest.url,
    source,
    batch: loadBatch,
    connections: 16,
    events,
  });
  say(`${tally.events} events posted in ${seconds.toFixed(0)} s`);
  const startedAt = performance.now();
  await eventually(
    async () =>
      Number(await corner.value("SELECT countIf(kind = 'reading') FROM readings")) >= 2 * tally.events,
    { what: `readings of ${tally.events} events`, deadlineMs: storeTimeoutMs },
  );
  say(`stored and read ${((performance.now() - startedAt) / 1000).toFixed(0)} s later`);
  await ingest.stop();
  await sink.stop();
  await copyToReference(corner);
  return tally;
}

/** Both at rest and merged as far as they go: what is compared is the design, not the moment. */
async function rest(corner, stored, say) {
  if (stored <= mergedRowsMax) {
    for (const table of ['events', 'readings', 'om_events'])
      await corner.clickhouse.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  }
  await corner.settle(stored <= mergedRowsMax ? 30_000 : restTimeoutMs);
  const parts = await corner.rows(
    `SELECT table, toUInt32(count()) AS parts, formatReadableSize(sum(bytes_on_disk)) AS size FROM system.parts
     WHERE active AND database = currentDatabase() AND table IN ('events', 'readings', 'om_events') GROUP BY table ORDER BY table`,
  );
  say(parts.map(({ table, parts: count, size }) => `${table} ${count} parts, ${size}`).join('; '));
}

async function agree(corner, { api, reference, tally }) {
  for (const [what, { url }] of [
    ['our meter', api],
    ["the reference's meter", reference],
  ]) {
    const { rows } = await ask(`${url}/api/v1/meters/bench_amount/query`);
    requireAgreement(what, { sum: tally.sum }, { sum: String(rows[0]?.[1]) });
  }
  const quoted = { output_format_json_quote_64bit_integers: 1 };
  requireAgreement(
    'stored events',
    { ours: tally.events, reference: tally.events },
    {
      ours: await corner.value("SELECT countIf(status = 'ok') AS n FROM events", quoted),
      reference: await corner.value('SELECT count() AS n FROM om_events', quoted),
    },
  );
}

async function reportFloats(reference, { path }, report) {
  const { p50Ms } = await ask(`${reference.url}${path}&precision=float`);
  report.absolute({
    name: 'the reference’s total in floats instead of decimals',
    unit: 'ms',
    values: [p50Ms],
  });
}
