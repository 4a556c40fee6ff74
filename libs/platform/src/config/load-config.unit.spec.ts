import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from './load-config.js';

const dir = mkdtempSync(join(tmpdir(), 'ledgerline-config-'));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
function yaml(text: string): string {
  const file = join(dir, `${(files += 1)}.yaml`);
  writeFileSync(file, text);
  return file;
}
function problemsOf(file: string | undefined, env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig({ file, env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('needs nothing: every value has a default, and the ports follow the base port', () => {
    const config = loadConfig({ env: {} });
    expect(config.ingest.bodyMaxBytes).toBe(1_048_576);
    expect(config.kafka.brokers).toEqual(['127.0.0.1:8891']);
    expect(loadConfig({ env: { LEDGERLINE_INSTANCE_PORT: '9000' } })).toMatchObject({
      ingest: { port: 9001, telemetryPort: 9008 },
      sink: { telemetryPort: 9009 },
      billing: { port: 9002, telemetryPort: 9010, workerTelemetryPort: 9011 },
      kafka: { brokers: ['127.0.0.1:9003'] },
      clickhouse: { url: 'http://127.0.0.1:9005' },
      redis: { url: 'redis://127.0.0.1:9007' },
    });
  });

  it('takes the environment over the file and the file over the defaults', () => {
    const file = yaml('ingest: { batchMax: 7, depthMax: 9 }\n');
    const config = loadConfig({
      env: {
        LEDGERLINE_CONFIG: file,
        LEDGERLINE_INGEST_BATCH_MAX: '8',
        LEDGERLINE_KAFKA_BROKERS: 'a:1, b:2',
        LEDGERLINE_AUTH_ALLOW_REMOTE_WITHOUT_KEY: 'true',
        LEDGERLINE_TEST_ENGINES: '{}',
        PATH: '/bin',
      },
    });
    expect(config.ingest).toMatchObject({ batchMax: 8, depthMax: 9, stringMaxBytes: 65_536 });
    expect(config.kafka.brokers).toEqual(['a:1', 'b:2']);
    expect(config.auth.allowRemoteWithoutKey).toBe(true);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({ env: {} });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.kafka.brokers)).toBe(true);
  });

  it.each([
    ['kafka: { broker: [x] }', 'unknown configuration key kafka.broker; did you mean kafka.brokers?'],
    ['kafak: {}', 'unknown configuration key kafak; did you mean kafka?'],
    ['ingest: { batchMax: 0 }', 'ingest.batchMax must be >= 1'],
    ['ingest: { batchMax: many }', 'ingest.batchMax must be integer'],
    ['clock: { mode: fast }', 'clock.mode must be one of system, virtual'],
    ['ingest: 5', 'ingest must be object'],
    ['kafka: { topicPrefix: "a b" }', 'kafka.topicPrefix must match pattern "^[A-Za-z0-9._-]{0,64}$"'],
  ])('names the key in %s', (text, problem) => {
    expect(problemsOf(yaml(text))).toEqual([problem]);
  });

  it('tells every mistake at once', () => {
    expect(problemsOf(yaml('ingest: { batchMax: 0 }\nsink: { batchRows: 1 }'))).toHaveLength(2);
  });

  it.each([
    [
      { LEDGERLINE_KAFKA_BROKER: 'a:1' },
      'unknown environment variable LEDGERLINE_KAFKA_BROKER; did you mean LEDGERLINE_KAFKA_BROKERS?',
    ],
    [{ LEDGERLINE_INGEST_PORT: '80a' }, 'ingest.port must be integer'],
    [{ LEDGERLINE_AUTH_ALLOW_REMOTE_WITHOUT_KEY: 'yes' }, 'auth.allowRemoteWithoutKey must be boolean'],
  ])('names the variable in %j', (env, problem) => {
    expect(problemsOf(undefined, env)).toEqual([problem]);
  });

  it('says which file cannot be read or parsed', () => {
    expect(problemsOf(join(dir, 'none.yaml'))[0]).toMatch(
      /^cannot read the configuration file .*none\.yaml: ENOENT/,
    );
    expect(problemsOf(yaml('a: ['))[0]).toMatch(/is not valid YAML/);
    expect(problemsOf(yaml('- a'))[0]).toMatch(/must be a mapping of sections/);
    expect(problemsOf(yaml(''))).toEqual([]);
  });

  it('refuses virtual time in production and says why', () => {
    const env = { LEDGERLINE_CLOCK_MODE: 'virtual' };
    expect(problemsOf(undefined, env)).toEqual([]);
    expect(problemsOf(undefined, { ...env, NODE_ENV: 'production' })[0]).toMatch(
      /clock\.mode virtual is refused/,
    );
  });

  it('opens no door without keys unless told so', () => {
    const env = { LEDGERLINE_BILLING_HOST: '0.0.0.0' };
    expect(problemsOf(undefined, env)[0]).toMatch(
      /^billing\.host 0\.0\.0\.0 is refused with auth\.mode none/,
    );
    expect(problemsOf(undefined, { ...env, LEDGERLINE_AUTH_MODE: 'api-key' })).toEqual([]);
    expect(problemsOf(undefined, { ...env, LEDGERLINE_AUTH_ALLOW_REMOTE_WITHOUT_KEY: 'true' })).toEqual([]);
  });

  it('reads meters in OpenMeter’s shape', () => {
    const file = yaml(`meters:
  - slug: tokens_total
    description: AI Token Usage
    eventType: prompt
    aggregation: SUM
    valueProperty: $.tokens
    groupBy: { model: $.model }
`);
    expect(loadConfig({ file, env: {} }).meters).toEqual([
      {
        slug: 'tokens_total',
        description: 'AI Token Usage',
        eventType: 'prompt',
        aggregation: 'SUM',
        valueProperty: '$.tokens',
        groupBy: { model: '$.model' },
      },
    ]);
  });

  it.each([
    ['{ slug: a, eventType: b, aggregation: SUM }', 'meters.0.valueProperty is required: a is a SUM'],
    [
      '{ slug: a, eventType: b, aggregation: COUNT, valueProperty: $.x }',
      'meters.0.valueProperty must be absent: a is a COUNT',
    ],
    ['{ slug: a, aggregation: COUNT }', "meters.0 must have required property 'eventType'"],
    [
      '{ slug: a, eventType: b, aggregation: COUNT, eventTyp: c }',
      'unknown configuration key meters.0.eventTyp',
    ],
  ])('names what is wrong in the meter %s', (meter, problem) => {
    expect(problemsOf(yaml(`meters: [${meter}]`))[0]).toContain(problem);
  });

  it('refuses two meters of one slug', () => {
    const meter = '{ slug: a, eventType: b, aggregation: COUNT }';
    expect(problemsOf(yaml(`meters: [${meter}, ${meter}]`))).toEqual([
      'meters: the slug a is declared twice',
    ]);
  });
});
