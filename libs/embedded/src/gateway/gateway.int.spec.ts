import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { startClickhouse } from '../clickhouse.js';
import type { RunningEngine } from '../engine.js';
import { freePortBlock } from '../ports.js';
import { stagingPath } from './staging.js';

/** Waits for a condition of the engine. Errors: after ten seconds, naming it. */
async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited 10 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20)); // tidy: the pause between two looks
  }
}

/** (number UInt32, text String) rows of RowBinary; texts stay below 128 bytes. */
function rowBinary(from: number, to: number): Buffer {
  const rows: Buffer[] = [];
  for (let number = from; number < to; number += 1) {
    const text = Buffer.from(`row ${number}`);
    const row = Buffer.alloc(5 + text.length);
    row.writeUInt32LE(number, 0);
    row.writeUInt8(text.length, 4);
    text.copy(row, 5);
    rows.push(row);
  }
  return Buffer.concat(rows);
}

describe('the ClickHouse gateway, through @clickhouse/client', () => {
  let dir: string;
  let port: number;
  let engine: RunningEngine;
  let client: ClickHouseClient;
  const start = () => startClickhouse({ dataDir: join(dir, 'data'), port, logFile: join(dir, 'log') });
  const connect = (url: string) =>
    createClient({ url, database: 'd', log: { level: 127 }, keep_alive: { idle_socket_ttl: 1_000 } });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gateway-'));
    port = await freePortBlock(1);
    engine = await start();
    await post('CREATE DATABASE d');
    client = connect(engine.url);
    await client.command({
      query: 'CREATE TABLE t (number UInt32, text String) ENGINE = MergeTree ORDER BY number',
    });
  });
  afterAll(async () => {
    await client.close();
    await engine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const post = async (body: string | Buffer, query = '', headers: Record<string, string> = {}) => {
    const reply = await fetch(`${engine.url}/?${query}`, { method: 'POST', body, headers });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const count = async (table: string): Promise<number> => {
    const result = await client.query({ query: `SELECT count() AS n FROM ${table}`, format: 'JSONEachRow' });
    return Number((await result.json<{ n: string }>())[0]?.n);
  };
  const parts = async (table: string): Promise<number> => {
    const result = await client.query({
      query: 'SELECT count() AS n FROM system.parts WHERE database = {d:String} AND table = {t:String}',
      query_params: { d: 'd', t: table },
      format: 'JSONEachRow',
    });
    return Number((await result.json<{ n: string }>())[0]?.n);
  };
  const insertBinary = (query: string, data: Buffer, settings = {}) =>
    client
      .exec({ query, values: Readable.from([data]), clickhouse_settings: settings })
      .then(({ stream }) => {
        stream.resume();
      });

  it('answers ping', async () => {
    expect(await client.ping()).toEqual({ success: true });
  });

  it.each([
    ['JSON', (text: string) => JSON.parse(text).data, [{ a: 1, b: 'x' }]],
    ['JSONEachRow', (text: string) => text, '{"a":1,"b":"x"}\n'],
    ['JSONCompact', (text: string) => JSON.parse(text).data, [[1, 'x']]],
    ['JSONCompactEachRow', (text: string) => text, '[1, "x"]\n'],
    ['CSV', (text: string) => text, '1,"x"\n'],
    ['CSVWithNames', (text: string) => text, '"a","b"\n1,"x"\n'],
    ['TabSeparated', (text: string) => text, '1\tx\n'],
    ['RowBinary', (text: string) => text, '\x01\x01x'],
  ])('answers in %s', async (format, decode, expected) => {
    const reply = await post(`SELECT toUInt8(1) AS a, 'x' AS b FORMAT ${format}`);
    expect(reply.headers.get('x-clickhouse-format')).toBe(format);
    expect(decode(reply.text)).toEqual(expected);
    const byDefault = await post("SELECT toUInt8(1) AS a, 'x' AS b", `default_format=${format}`);
    expect(decode(byDefault.text)).toEqual(expected);
  });

  it('binds parameters, whatever they hold', async () => {
    const params = {
      text: `it's \\ "x" \t \n {y:Int8} ; -- é \u0001`,
      list: ['a', "b'", ''],
      nothing: null,
      big: '18446744073709551615',
    };
    const result = await client.query({
      query:
        'SELECT {text:String} AS text, {list:Array(String)} AS list, {nothing:Nullable(Int8)} AS nothing, toString({big:UInt64}) AS big',
      query_params: params,
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([params]);
  });

  it('gives errors their code, name and status', async () => {
    await expect(client.query({ query: 'SELEC 1' })).rejects.toMatchObject({
      code: '62',
      type: 'SYNTAX_ERROR',
    });
    await expect(client.query({ query: 'SELECT * FROM nowhere' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(client.query({ query: "SELECT throwIf(1, 'no')" })).rejects.toMatchObject({
      code: '395',
      type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
    });
    await expect(
      client.query({
        query: 'SELECT count() FROM system.numbers WHERE number % 7 = 8',
        clickhouse_settings: { max_execution_time: 1 },
      }),
    ).rejects.toMatchObject({ code: '159', type: 'TIMEOUT_EXCEEDED' });
    await expect(client.query({ query: "SELECT * FROM file('/etc/passwd', 'CSV')" })).rejects.toMatchObject({
      code: '497',
      type: 'ACCESS_DENIED',
    });
    const reply = await post('SELECT * FROM nowhere');
    expect([reply.status, reply.headers.get('x-clickhouse-exception-code')]).toEqual([404, '60']);
    expect(reply.text).toMatch(/^Code: 60\. DB::Exception: .* \(UNKNOWN_TABLE\) \(version /);
    expect((await post('SELECT 1', 'database=nowhere')).text).toContain('(UNKNOWN_DATABASE)');
    expect((await post('SELECT 1', 'no_such_setting=1')).text).toContain('(UNKNOWN_SETTING)');
  });

  it.each([
    ['origin', 'http://evil.example'],
    ['host', 'evil.example'],
  ])('is closed to web pages, told by %s', async (name, value) => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(engine.url, { method: 'POST', headers: { [name]: value } }, (reply) => {
        reply.resume().once('end', () => resolve(reply.statusCode));
      });
      request.once('error', reject).end('SELECT 1');
    });
    expect(status).toBe(403);
  });

  it('does not write on GET', async () => {
    const reply = await fetch(`${engine.url}/?query=${encodeURIComponent('DROP TABLE d.t')}`);
    expect(await reply.text()).toContain('(READONLY)');
  });

  it('keeps settings, parameters and database to their statement', async () => {
    const setting = async (value?: number) => {
      const result = await client.query({
        query: "SELECT toUInt32(getSetting('max_block_size')) AS s, currentDatabase() AS d",
        format: 'JSONEachRow',
        ...(value === undefined ? {} : { clickhouse_settings: { max_block_size: String(value) } }),
      });
      return (await result.json<{ s: number }>())[0]?.s;
    };
    const usual = await setting();
    expect(await setting(1_234)).toBe(1_234);
    const mixed = await Promise.all([setting(), setting(777), setting(), setting(888)]);
    expect(mixed).toEqual([usual, 777, usual, 888]);
    await client.query({ query: 'SELECT {leak:String}', query_params: { leak: 'x' } });
    await expect(client.query({ query: 'SELECT {leak:String}' })).rejects.toMatchObject({ code: '456' });
    expect((await post('SELECT currentDatabase()')).text).toBe('default\n');
    const snapshot = "SELECT getSetting('enable_shared_storage_snapshot_in_query')";
    expect((await post(snapshot, 'enable_shared_storage_snapshot_in_query=1')).text).toBe('true\n');
    expect((await post(snapshot, 'enable_shared_storage_snapshot_in_query=0')).text).toBe('false\n');
  });

  it('runs statements side by side, bound parameters included', async () => {
    const started = performance.now();
    await Promise.all(
      [1, 2, 3].map((n) => client.query({ query: 'SELECT sleep(1), {n:UInt8}', query_params: { n } })),
    );
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('kills a read whose client went away', async () => {
    const leaving = new AbortController();
    const read = client.query({
      query: 'SELECT sum(sleepEachRow(0.1)) FROM numbers(1000)',
      clickhouse_settings: { max_block_size: '1' },
      abort_signal: leaving.signal,
    });
    const running = async () =>
      (
        await post(
          "SELECT count() FROM system.processes WHERE query LIKE '%sleepEach%' AND query NOT LIKE '%processes%'",
        )
      ).text;
    await until(async () => (await running()) === '1\n', 'the read to run');
    leaving.abort();
    await expect(read).rejects.toThrow();
    await until(async () => (await running()) === '0\n', 'the read to end');
  });

  it('takes text inserts of the client, compressed ones too', async () => {
    const before = await count('t');
    await client.insert({ table: 't', values: [{ number: 1, text: "a'b" }], format: 'JSONEachRow' });
    await client.insert({ table: 't', values: [], format: 'JSONEachRow' });
    await post("INSERT INTO d.t VALUES (2, 'file(x); --')");
    await post('INSERT INTO d.t FORMAT JSONEachRow\n{"number": 3, "text": "é"}');
    await post(gzipSync('4\tzip\n'), 'query=INSERT+INTO+d.t+FORMAT+TSV', { 'content-encoding': 'gzip' });
    expect(await count('t')).toBe(before + 4);
    expect((await post('SELECT text FROM d.t WHERE number IN (1, 2, 3, 4) ORDER BY number')).text).toBe(
      "a\\'b\nfile(x); --\né\nzip\n",
    );
  });

  it('makes exactly one part of one insert, also of 200,000 rows', async () => {
    await client.command({
      query: 'CREATE TABLE one (number UInt32, text String) ENGINE = MergeTree ORDER BY number',
    });
    await client.command({ query: 'SYSTEM STOP MERGES one' });
    const data = rowBinary(0, 200_000);
    await insertBinary('INSERT INTO one FORMAT RowBinary', data);
    expect([await parts('one'), await count('one')]).toEqual([1, 200_000]);
    await insertBinary(
      "INSERT INTO one (text, number) SELECT upper(text), number FROM input('number UInt32, text String') FORMAT RowBinary",
      data,
      { max_insert_threads: 1 },
    );
    expect([await parts('one'), await count('one')]).toEqual([2, 400_000]);
    expect((await post('SELECT DISTINCT text FROM d.one WHERE number = 7 ORDER BY text')).text).toBe(
      'ROW 7\nrow 7\n',
    );
  });

  it('refuses a conditional insert whole, and a broken one too', async () => {
    await client.command({
      query: 'CREATE TABLE marks (number UInt32, text String) ENGINE = MergeTree ORDER BY number',
    });
    const conditional = (expected: number) =>
      insertBinary(
        `INSERT INTO marks SELECT number, text FROM input('number UInt32, text String')
         WHERE throwIf((SELECT count() FROM marks) != ${expected}, 'the mark has moved') = 0 FORMAT RowBinary`,
        rowBinary(0, 10),
      );
    await conditional(0);
    await expect(conditional(0)).rejects.toMatchObject({
      code: '395',
      message: expect.stringContaining('the mark has moved'),
    });
    await expect(
      insertBinary('INSERT INTO marks FORMAT RowBinary', rowBinary(0, 10).subarray(0, -1)),
    ).rejects.toMatchObject({
      code: '33',
    });
    expect(await count('marks')).toBe(10);
    await conditional(10);
    expect([await parts('marks'), await count('marks')]).toEqual([2, 20]);
  });

  it('streams a large result and leaves nothing behind', async () => {
    const result = await client.query({
      query: 'SELECT number FROM numbers(1000000)',
      format: 'JSONEachRow',
    });
    let rows = 0;
    for await (const chunk of result.stream()) rows += chunk.length;
    expect(rows).toBe(1_000_000);
    const zipped = createClient({ url: engine.url, compression: { response: true, request: true } });
    try {
      const text = await (
        await zipped.query({ query: 'SELECT number FROM numbers(100000)', format: 'CSV' })
      ).text();
      expect(text.split('\n').length).toBe(100_001);
    } finally {
      await zipped.close();
    }
    const staging = await stagingPath(join(dir, 'data'));
    await until(async () => (await readdir(staging)).length === 0, 'the staged files to go');
  });

  it('refuses what it cannot do', async () => {
    expect((await post('SELECT 1', 'session_id=a')).status).toBe(501);
    expect((await post('SELECT 1', 'param_a-b=1')).status).toBe(400);
    expect((await post('SELECT 1; SELECT 2')).status).toBe(400);
    expect((await post('')).status).toBe(400);
  });

  it('keeps committed data through a SIGKILL', async () => {
    const before = await count('one');
    process.kill(engine.pid, 'SIGKILL');
    expect(await engine.exited).toEqual({ code: null, signal: 'SIGKILL' });
    engine = await start();
    expect(await count('one')).toBe(before);
  });
});
