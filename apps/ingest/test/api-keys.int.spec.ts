import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CompactedPublisher, openKafka } from '@ledgerline/platform/kafka';
import { eventually, isolated, type Isolated, NotYet } from '@ledgerline/testkit';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { pino } from 'pino';
import { anEvent, createTopic, type IngestRig, openIngest, type RigOptions } from './ingest-rig.js';

jest.setTimeout(90_000);

let corner: Isolated;
let options: RigOptions;
let rig: IngestRig;
let publisher: CompactedPublisher;

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keyOf = (letter: string): string => {
  const random = letter.repeat(44);
  const sum = Array.from({ length: 6 }, (_, n) =>
    digits.charAt(Math.floor(crc32(random) / 62 ** (5 - n)) % 62),
  );
  return `llk_${random}${sum.join('')}`;
};
/** What billing publishes of a key. */
const publish = (letter: string, change: Record<string, unknown> = {}): Promise<void> => {
  const hash = createHash('sha256').update(keyOf(letter)).digest('hex');
  const record = { v: 1, id: letter, namespace: `ns-${letter}`, hash, scopes: ['ingest'], version: 1 };
  const value = JSON.stringify({ ...record, revoked: false, expiresAtMs: null, ...change });
  return publisher.publish(letter, value);
};
const bearer = (letter: string) => ({ authorization: `Bearer ${keyOf(letter)}` });
const statusOf = async (letter: string, id = 'x'): Promise<number> =>
  (await rig.post(JSON.stringify([anEvent(id)]), bearer(letter))).status;
const untilStatus = (letter: string, wanted: number): Promise<unknown> =>
  eventually(
    async () => {
      const status = await statusOf(letter);
      if (status !== wanted) throw new NotYet(status);
      return true;
    },
    { what: `${wanted} for the key ${letter}`, deadlineMs: 5_000 },
  );

beforeAll(async () => {
  corner = await isolated();
  const env = { LEDGERLINE_AUTH_MODE: 'api-key', LEDGERLINE_INGEST_REQUESTS_PER_SECOND: '40' };
  options = { brokers: corner.kafkaBrokers, topicPrefix: corner.kafkaTopicPrefix, env, awaitReady: false };
  await createTopic(options);
  const logger = pino({ level: 'silent' });
  const kafka = openKafka({ brokers: corner.kafkaBrokers, service: 'spec', logger });
  publisher = new CompactedPublisher(kafka, `${corner.kafkaTopicPrefix}api-keys`);
});
afterAll(async () => {
  await rig.close();
  await publisher.close();
  await corner.dispose();
});

async function changeTopic(change: 'create' | 'delete'): Promise<void> {
  const logger = pino({ level: 'silent' });
  const admin = openKafka({ brokers: corner.kafkaBrokers, service: 'spec', logger }).admin();
  const topic = `${corner.kafkaTopicPrefix}api-keys`;
  await admin.connect();
  if (change === 'create') {
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
  } else await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

describe('ingest with API keys', () => {
  it('takes nothing, and says why, before the topic of keys has been read', async () => {
    rig = await openIngest(options);
    const reply = await rig.post(JSON.stringify([anEvent('early')]), bearer('a'));
    expect(reply.status).toBe(503);
    expect(await reply.text()).toContain('API keys cannot be checked');
    expect(await rig.readiness()).toContain('API keys cannot be checked');
    await changeTopic('create');
    await publish('a');
    await eventually(() => rig.ready(), { what: 'readiness', deadlineMs: 40_000 });
  });

  it('takes events for the namespace of the key, and nobody else’s', async () => {
    await publish('b');
    await untilStatus('b', 204);
    expect(await statusOf('a', 'mine')).toBe(204);
    expect(await statusOf('b', 'mine')).toBe(204);
    const stored = (await rig.stored()).filter(({ id }) => id === 'mine');
    expect(stored.map(({ namespace }) => namespace).sort()).toEqual(['ns-a', 'ns-b']);
    for (const headers of [{}, { authorization: 'Bearer x' }, bearer('q'), { authorization: keyOf('a') }]) {
      const reply = await rig.post(JSON.stringify([anEvent('stranger')]), headers);
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="ledgerline"');
    }
    // Before anything else is looked at.
    expect((await rig.post('?', { 'content-type': 'text/html' })).status).toBe(401);
    expect((await rig.stored()).map(({ id }) => id)).not.toContain('stranger');
  });

  it('refuses a key without the scope, an expired one and a revoked one', async () => {
    await publish('c', { scopes: ['read'] });
    await untilStatus('c', 403);
    await publish('d', { expiresAtMs: Date.now() - 1 });
    await publish('e', { scopes: ['write'] });
    await untilStatus('e', 204);
    expect(await statusOf('d')).toBe(401);
    await publish('e', { version: 2, revoked: true });
    await untilStatus('e', 401);
    // An older state that is told late changes nothing.
    await publish('e');
    await publish('f');
    await untilStatus('f', 204);
    expect(await statusOf('e')).toBe(401);
  });

  it('lets one namespace’s events pass while another floods', async () => {
    await publish('g');
    await untilStatus('g', 204);
    let limited = 0;
    let isFlooding = true;
    const flood = Array.from({ length: 8 }, async () => {
      while (isFlooding) {
        const reply = await rig.post(JSON.stringify([anEvent('flood')]), bearer('a'));
        if (reply.status === 429) {
          limited += 1;
          expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
        }
        await reply.arrayBuffer();
      }
    });
    await eventually(() => limited > 20, { what: 'the flood to be limited', deadlineMs: 20_000 });
    const others: number[] = [];
    for (let n = 0; n < 20; n += 1) others.push(await statusOf('g', `calm-${n}`));
    isFlooding = false;
    await Promise.all(flood);
    expect(others).toEqual(others.map(() => 204));
  });

  it('closes when it can no more hear of revocations', async () => {
    await changeTopic('delete');
    await eventually(async () => (await statusOf('g')) === 503, {
      what: 'nobody let in',
      deadlineMs: 20_000,
    });
    expect(await rig.readiness()).toContain('API keys cannot be checked');
  });
});
