// Disks that are full.
import { eventually, NotYet } from '@ledgerline/testkit';
import { diskNames } from './disks.mjs';

const patienceMs = 60_000;
const engineOf = { kafka: 'broker', clickhouse: 'gateway', postgres: 'postgres' };

/** How each of them is noticed from outside. */
const noticed = {
  kafka: async ({ driver }, before) => driver.counts.refused + driver.counts.unknown > before,
  clickhouse: async ({ instance }) => {
    const { ok, text } = await instance.readiness(instance.services.sink);
    return !ok && text;
  },
  // Writes of a kilobyte each, until there is no page left.
  postgres: async ({ instance, random }) => {
    const key = `full-${Math.floor(random() * 1e12)}`;
    const reply = await fetch(`${instance.apiUrl}/api/v1/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key, name: key, description: 'x'.repeat(1_000) }),
    });
    const text = await reply.text();
    if (reply.status < 500) throw new NotYet(`${reply.status} ${text.slice(0, 200)}`);
    return `${reply.status}`;
  },
};

const fullDisks = {
  id: 'F13',
  title: 'disk full: Kafka, ClickHouse and Postgres, one after another',
  state: 'each was noticed, and each worked again with space',
  async inject(ctx) {
    const { instance, driver, disks, diskTrouble, kills } = ctx;
    if (diskTrouble !== undefined) return { skipped: diskTrouble };
    const notes = [];
    for (const name of diskNames) {
      const engine = instance.engines[engineOf[name]];
      const before = driver.counts.refused + driver.counts.unknown;
      await disks.fill(name);
      kills.push(`disk of ${name} full`);
      try {
        await eventually(() => noticed[name](ctx, before), {
          deadlineMs: patienceMs,
          what: `a full disk of ${name} to be noticed`,
        });
      } finally {
        await disks.empty(name);
      }
      const died = engine.pid === undefined;
      // A broker that lost its only log directory ends itself; a supervisor starts it again.
      if (died) await engine.start();
      notes.push(`${name}${died ? ' ended and was started again' : ''}`);
    }
    return { reached: true, note: notes.join(', ') };
  },
};

export const diskFaults = [fullDisks];
