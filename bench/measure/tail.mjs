// What exactness costs: questions answered by rollups and the events beyond the mark, against the same statements without them.
import { snapshotSettings } from '@ledgerline/platform/clickhouse';
import { parseJsonPath } from '@ledgerline/metering/core';
// Not for other rooms to import: the bench looks at the very statements.
import { planMeterQuery, querySettings } from '../../libs/metering/dist/core/plan-meter-query.js';
import { insertEvents, openBuilder } from '../lib/fill.mjs';
import { geometricMean, median } from '../lib/statistics.mjs';
import { partitions } from '../lib/world.mjs';

/** One batch of the sink that has not become readings yet. */
const tailEvents = 20_000;
const asks = 9;
const path = (text) => parseJsonPath(text).accepted;

/** Both statements go to the engine as our api sends them. */
export async function measureTail(corner, source, { api, pairs, report }) {
  const builder = await openBuilder(corner, partitions);
  await builder.advance();
  await builder.close();
  await insertEvents(corner, source, tailEvents, partitions);
  const ratios = [];
  for (const { name, statement } of await questionsOf(source, api)) {
    const alone = { ...statement, sql: withoutTail(statement.sql) };
    const seen = { both: [], alone: [] };
    for (let pair = -1; pair < pairs; pair += 1) {
      const [both, rollups] = [await p50Ms(corner, statement), await p50Ms(corner, alone)];
      if (pair < 0) continue;
      seen.both.push(both);
      seen.alone.push(rollups);
    }
    report.absolute({ name: `statement ${name}, rollups alone`, unit: 'ms', values: seen.alone });
    report.absolute({
      name: `statement ${name}, with a tail of 20,000 events`,
      unit: 'ms',
      values: seen.both,
    });
    ratios.push(seen.both.map((value, at) => value / seen.alone[at]));
  }
  report.ratio({
    name: 'rollups and tail over rollups alone, geometric mean',
    ratios: Array.from({ length: pairs }, (_, pair) => geometricMean(ratios.map((one) => one[pair]))),
    goal: { atMost: 1.3 },
  });
}

/** The last part of the union is the tail. */
function withoutTail(sql) {
  const [from, to] = [sql.lastIndexOf('UNION ALL'), sql.lastIndexOf('\n  )')];
  if (from < 0 || to < from) throw new Error(`a statement of another shape: ${sql}`);
  const rest = sql.slice(0, from) + sql.slice(to);
  if (rest.includes('FROM events')) throw new Error(`a tail is left: ${rest}`);
  return rest;
}

async function questionsOf(source, api) {
  const reply = await fetch(`${api.url}/api/v1/meters`);
  const idOf = new Map((await reply.json()).map(({ slug, id }) => [slug, id]));
  const scope = (slug, more) => ({
    extraction: {
      namespace: 'default',
      meterId: idOf.get(slug),
      version: 1,
      eventType: source.type,
      groupBy: [],
      ...more,
    },
    // Newer than any: the set of meters does not change here.
    source: { kind: 'readings', generation: 1_000_000n, partitions },
    fromSeconds: source.fromMs / 1000,
    toSeconds: source.toMs / 1000,
    subjects: undefined,
    filters: [],
  });
  const amount = scope('bench_amount', {
    aggregation: 'SUM',
    valueProperty: path('$.amount'),
    groupBy: [{ key: 'model', path: path('$.model') }],
  });
  const users = scope('bench_users', { aggregation: 'UNIQUE_COUNT', valueProperty: path('$.user') });
  const plain = { window: undefined, groupBy: [], customers: undefined };
  const day = { size: 'DAY', timeZone: 'UTC' };
  const byModel = [{ kind: 'dimension', key: 'model' }];
  return [
    { name: 'total', statement: planMeterQuery(amount, plain) },
    {
      name: 'daily by model',
      statement: planMeterQuery(amount, { ...plain, window: day, groupBy: byModel }),
    },
    { name: 'by subject', statement: planMeterQuery(amount, { ...plain, groupBy: [{ kind: 'subject' }] }) },
    { name: 'unique count', statement: planMeterQuery(users, plain) },
  ];
}

async function p50Ms(corner, { sql, params }) {
  const times = [];
  for (let n = 0; n < asks; n += 1) {
    const startedAt = performance.now();
    const result = await corner.clickhouse.query({
      query: sql,
      query_params: { ...params },
      format: 'JSONCompactEachRow',
      clickhouse_settings: { ...querySettings, ...snapshotSettings },
    });
    await result.json();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
