import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { isolated, type Isolated } from './isolated.js';

describe('isolated()', () => {
  let corner: Isolated;
  let gone = false;
  beforeAll(async () => {
    corner = await isolated();
  });
  afterAll(async () => {
    if (!gone) await corner.dispose();
  });

  async function query(sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: corner.postgresUrl });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const clickhouse = async (sql: string): Promise<string> =>
    (await fetch(corner.clickhouseUrl, { method: 'POST', body: sql })).text();

  it('gives a Postgres database, a ClickHouse database, and room for topics and keys', async () => {
    expect(await query('SELECT current_database() AS name')).toEqual([
      { name: new URL(corner.postgresUrl).pathname.slice(1) },
    ]);
    expect(await clickhouse(`EXISTS DATABASE ${corner.clickhouseDatabase}`)).toBe('1\n');
  });

  it('removes them all', async () => {
    const redis = new Redis(corner.redisUrl);
    const admin = new Kafka({ brokers: [...corner.kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await redis.set(`${corner.redisPrefix}a`, '1');
      await admin.createTopics({ topics: [{ topic: `${corner.kafkaTopicPrefix}a` }], waitForLeaders: true });
      await corner.dispose();
      gone = true;
      expect(await redis.exists(`${corner.redisPrefix}a`)).toBe(0);
      expect((await admin.listTopics()).filter((name) => name.startsWith(corner.kafkaTopicPrefix))).toEqual(
        [],
      );
      expect(await clickhouse(`EXISTS DATABASE ${corner.clickhouseDatabase}`)).toBe('0\n');
      await expect(query('SELECT 1')).rejects.toThrow('does not exist');
    } finally {
      redis.disconnect();
      await admin.disconnect();
    }
  });
});
