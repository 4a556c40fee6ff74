// Reference query API: reads values and groups out of the JSON text of every event, each time it is asked. It knows its meters
// by heart, which saves it the look into a database that a real one does first.
import { createClient } from '@clickhouse/client';
import fastify from 'fastify';
import { namespace, required } from './settings.mjs';

const meters = {
  bench_amount: { type: 'prompt', aggregation: 'SUM', value: '$.amount', groupBy: { model: '$.model' } },
  bench_users: { type: 'prompt', aggregation: 'UNIQUE_COUNT', value: '$.user', groupBy: {} },
};
// `float` is the cheaper way that many installations run; its sums differ in the last digits.
const numbers = {
  decimal: (path) => `toDecimal128OrNull(JSON_VALUE(data, ${path}), 19)`,
  float: (path) => `ifNotFinite(toFloat64OrNull(JSON_VALUE(data, ${path})), NULL)`,
};
const clickhouse = createClient({
  url: required('REFERENCE_CLICKHOUSE_URL'),
  database: required('REFERENCE_CLICKHOUSE_DATABASE'),
  keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
  request_timeout: 300_000, // a hundred million events take it that long
});

function statementOf(meter, { from, to, subject, groupBy, windowSize }, precision) {
  const params = { namespace, type: meter.type, value: meter.value };
  const where = ['namespace = {namespace:String}', 'type = {type:String}'];
  const columns = [];
  const keys = [];
  if (from !== undefined) where.push(`time >= toDateTime({from:Int64})`);
  if (to !== undefined) where.push(`time < toDateTime({to:Int64})`);
  if (from !== undefined) params.from = Math.floor(Date.parse(from) / 1000);
  if (to !== undefined) params.to = Math.floor(Date.parse(to) / 1000);
  if (subject.length > 0) {
    params.subjects = subject;
    where.push('subject IN {subjects:Array(String)}');
  }
  if (windowSize === 'DAY') {
    columns.push(`tumbleStart(time, toIntervalDay(1), 'UTC') AS window_start`);
    keys.push('window_start');
  } else {
    columns.push('min(time) AS first', 'max(time) AS last');
  }
  groupBy.forEach((key, at) => {
    if (key === 'subject') columns.push(`subject AS g${at}`);
    else {
      params[`path${at}`] = meter.groupBy[key];
      columns.push(`JSON_VALUE(data, {path${at}:String}) AS g${at}`);
    }
    keys.push(`g${at}`);
  });
  columns.push(
    meter.aggregation === 'SUM'
      ? `sum(${numbers[precision]('{value:String}')}) AS value`
      : 'uniqExact(JSON_VALUE(data, {value:String})) AS value',
  );
  const query =
    `SELECT ${columns.join(', ')} FROM om_events WHERE ${where.join(' AND ')}` +
    (keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`);
  return { query, query_params: params };
}

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

const server = fastify();
server.get('/api/v1/meters/:slug/query', async (request, reply) => {
  const meter = meters[request.params.slug];
  if (meter === undefined) return reply.code(404).send({ detail: 'meter not found' });
  const { from, to, windowSize, precision } = request.query;
  const groupBy = list(request.query.groupBy);
  const subject = list(request.query.subject);
  const groups = subject.length > 0 && !groupBy.includes('subject') ? ['subject', ...groupBy] : groupBy;
  const statement = statementOf(
    meter,
    { from, to, windowSize, subject, groupBy: groups },
    precision ?? 'decimal',
  );
  const result = await clickhouse.query({
    ...statement,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_decimals: 1 },
  });
  const rows = await result.json();
  return {
    data: rows.map((row) => {
      const groupBy = {};
      let subject = null;
      groups.forEach((key, at) => {
        if (key === 'subject') subject = row[`g${at}`];
        else groupBy[key] = row[`g${at}`];
      });
      const start = row.window_start ?? row.first;
      return { value: Number(row.value), windowStart: `${start.replace(' ', 'T')}Z`, subject, groupBy };
    }),
  };
});
server.get('/ready', () => 'ready');
await server.listen({ host: '127.0.0.1', port: Number(required('REFERENCE_PORT')) });

process.once('SIGTERM', async () => {
  await server.close();
  await clickhouse.close();
  process.exit(0);
});
