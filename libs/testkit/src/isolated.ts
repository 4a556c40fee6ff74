import { Kafka, logLevel } from 'kafkajs';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { sharedEngines, type EngineAddresses } from './addresses.js';

/** A corner of the shared engines that belongs to one spec alone. */
export interface Isolated {
  readonly kafkaBrokers: readonly string[];
  /** Goes before every topic and group name of the spec. */
  readonly kafkaTopicPrefix: string;
  readonly clickhouseUrl: string;
  /** Exists and is empty. */
  readonly clickhouseDatabase: string;
  /** Of a database that exists and is empty. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** Goes before every key of the spec. */
  readonly redisPrefix: string;
  /** Removes everything the spec left. */
  dispose(): Promise<void>;
}

/** Makes a fresh Postgres database, ClickHouse database, topic prefix and Redis prefix on the shared engines. */
export async function isolated(engines: EngineAddresses = sharedEngines()): Promise<Isolated> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await Promise.all([
    postgres(engines, `CREATE DATABASE ${name}`),
    clickhouse(engines, `CREATE DATABASE ${name}`),
  ]);
  const postgresUrl = new URL(engines.postgresUrl);
  postgresUrl.pathname = `/${name}`;
  const prefix = `${name}.`;
  return {
    kafkaBrokers: engines.kafkaBrokers,
    kafkaTopicPrefix: prefix,
    clickhouseUrl: engines.clickhouseUrl,
    clickhouseDatabase: name,
    postgresUrl: postgresUrl.href,
    redisUrl: engines.redisUrl,
    redisPrefix: `${name}:`,
    dispose: async () => {
      await Promise.all([
        // FORCE: a pool that a failed test left open must not fail the clean-up too.
        postgres(engines, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
        clickhouse(engines, `DROP DATABASE IF EXISTS ${name}`),
        deleteTopics(engines, prefix),
        deleteKeys(engines, `${name}:`),
      ]);
    },
  };
}

async function postgres(engines: EngineAddresses, sql: string): Promise<void> {
  if (engines.postgresUrl === '') return;
  const client = new pg.Client({ connectionString: engines.postgresUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function clickhouse(engines: EngineAddresses, sql: string): Promise<void> {
  if (engines.clickhouseUrl === '') return;
  const reply = await fetch(engines.clickhouseUrl, { method: 'POST', body: sql });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${sql}: ${text}`);
}

async function deleteTopics(engines: EngineAddresses, prefix: string): Promise<void> {
  if (engines.kafkaBrokers.length === 0) return;
  const admin = new Kafka({ brokers: [...engines.kafkaBrokers], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

async function deleteKeys(engines: EngineAddresses, prefix: string): Promise<void> {
  if (engines.redisUrl === '') return;
  const redis = new Redis(engines.redisUrl);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<
      string[]
    >) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
}
