// Processes that die, freeze and come back.
import { eventually, killAtRename, NotYet } from '@ledgerline/testkit';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { laneBytesMax, memoryOf } from './instance.mjs';

const patienceMs = 60_000;
export const between = (random, from, to) => from + random() * (to - from);
const refusals = ({ driver }) => driver.counts.refused + driver.counts.unknown;

/** Until the driver has had an answer or none at all since `before`. */
const untilRefused = (ctx, before) =>
  eventually(() => refusals(ctx) > before, {
    deadlineMs: patienceMs,
    what: 'a request to be refused or lost',
  });

async function untilStoring(ctx) {
  const { instance } = ctx;
  const before = await instance.metric(instance.services.sink, 'ledgerline_sink_rows_total');
  await eventually(
    async () => (await instance.metric(instance.services.sink, 'ledgerline_sink_rows_total')) > before,
    { deadlineMs: patienceMs, what: 'the sink to store something' },
  );
}

const killIngest = {
  id: 'F1',
  title: 'ingest killed at random moments',
  state: 'a request was lost or refused',
  async inject(ctx) {
    const { instance, random, kills } = ctx;
    const before = refusals(ctx);
    for (let n = 0; n < 3; n += 1) {
      await delay(between(random, 50, 3_000));
      await instance.services.ingest.kill();
      kills.push('ingest');
      await delay(between(random, 0, 300));
      await instance.services.ingest.start();
    }
    return { reached: refusals(ctx) > before, note: `${refusals(ctx) - before} requests lost or refused` };
  },
};

const killSink = {
  id: 'F2',
  title: 'sink killed at random moments while it stores',
  state: 'partitions were taken over again',
  async inject(ctx) {
    const { instance, random, kills, sometimes } = ctx;
    const { sink } = instance.services;
    const times = ctx.isLong ? 5 : 2;
    let slowestMs = 0;
    for (let n = 0; n < times; n += 1) {
      await untilStoring(ctx);
      await delay(between(random, 50, 1_500));
      await sink.kill();
      kills.push('sink');
      if ((await instance.readingsLag()) > 0) sometimes.note('restart found readings behind');
      const killedAtMs = performance.now();
      await sink.start();
      await eventually(async () => (await instance.metric(sink, 'ledgerline_sink_rows_total')) > 0, {
        deadlineMs: patienceMs,
        what: 'the new sink to store something',
      });
      slowestMs = Math.max(slowestMs, performance.now() - killedAtMs);
    }
    return {
      reached: true,
      note: `took over ${times} times, at most ${(slowestMs / 1000).toFixed(1)} s after the kill`,
    };
  },
};

const killAtCommit = {
  id: 'F3',
  title: 'ClickHouse killed before or after the n-th commit of a part',
  state: 'it died at that very rename',
  async inject(ctx) {
    const { instance, random, kills } = ctx;
    const { gateway } = instance.engines;
    const points = [];
    for (let n = 0; n < (ctx.isLong ? 6 : 2); n += 1) {
      const at = {
        n: 1 + Math.floor(random() * (ctx.isLong ? 20 : 6)),
        when: n % 2 === 0 ? 'after' : 'before',
      };
      try {
        instance.gatewayEnv = await killAtRename(at);
      } catch (error) {
        if (error.code === 'ENOENT') return { skipped: 'no C compiler called cc on this machine' };
        throw error;
      }
      await gateway.stop();
      try {
        await gateway.start();
        await eventually(() => gateway.pid === undefined, {
          deadlineMs: patienceMs,
          what: `commit ${at.n} of the gateway`,
        });
      } finally {
        instance.gatewayEnv = {};
      }
      kills.push(`gateway ${at.when} commit ${at.n}`);
      points.push(`${at.when} ${at.n}`);
      await gateway.start();
      await untilStoring(ctx);
    }
    return { reached: points.length > 0, note: `died ${points.join(', ')}` };
  },
};

const killBroker = {
  id: 'F5',
  title: 'broker killed and started again',
  state: 'a request was lost or refused',
  async inject(ctx) {
    const { instance, driver, kills, random } = ctx;
    const before = refusals(ctx);
    await instance.engines.broker.kill();
    kills.push('broker');
    await untilRefused(ctx, before);
    await delay(between(random, 0, 1_000));
    await instance.engines.broker.start();
    const backAtMs = performance.now();
    const { acknowledged } = driver.counts;
    await eventually(() => driver.counts.acknowledged > acknowledged, {
      deadlineMs: patienceMs,
      what: 'events to be taken again',
    });
    const seconds = (performance.now() - backAtMs) / 1000;
    return {
      reached: true,
      note: `taken again ${seconds.toFixed(1)} s after the broker was back (goal 15 s)`,
    };
  },
};

const freezeBroker = {
  id: 'F6',
  title: 'broker frozen',
  state: '503 in bounded memory',
  async inject(ctx) {
    const { instance, driver, kills, sometimes, freezeMs } = ctx;
    const { ingest } = instance.services;
    const seen = sometimes.count('503 seen');
    instance.engines.broker.freeze();
    kills.push('broker frozen');
    const untilMs = performance.now() + freezeMs;
    let heldMax = 0;
    try {
      // More than the lanes hold: 20 requests of about 100 kB.
      const flood = Promise.all(Array.from({ length: 20 }, () => driver.post(driver.events(100, 800))));
      await eventually(
        async () => {
          heldMax = Math.max(heldMax, await instance.metric(ingest, 'ledgerline_ingest_lane_bytes'));
          return performance.now() >= untilMs && sometimes.count('503 seen') > seen;
        },
        { deadlineMs: freezeMs + patienceMs, what: '503 while the broker is frozen' },
      );
      await flood;
    } finally {
      instance.engines.broker.thaw();
    }
    if (heldMax > laneBytesMax)
      driver.broken.push(`memory: ingest held ${heldMax} bytes for a frozen broker`);
    const note = `${freezeMs / 1000} s; lanes held at most ${Math.round(heldMax / 1024)} kB, ingest ${Math.round(await memoryOf(ingest.pid))} MiB`;
    return { reached: true, note };
  },
};

const gatewayDown = {
  id: 'F7',
  title: 'ClickHouse down',
  state: 'a backlog grew and was drained',
  async inject(ctx) {
    const { instance, kills, downMs } = ctx;
    const marks = await instance.marks();
    await instance.engines.gateway.kill();
    kills.push('gateway');
    const untilMs = performance.now() + downMs;
    let backlog = 0;
    await eventually(
      async () => {
        const ends = await instance.ends();
        backlog = [...ends].reduce((sum, [partition, end]) => sum + end - (marks.get(partition) ?? 0), 0);
        return performance.now() >= untilMs && backlog > 0;
      },
      { deadlineMs: downMs + patienceMs, what: 'a backlog' },
    );
    await instance.engines.gateway.start();
    await untilStoring(ctx);
    return { reached: true, note: `${downMs / 1000} s; ${backlog} records waited` };
  },
};

/** One inline command, without a client that would retry. */
function redisCommand(url, command) {
  const { hostname, port, password } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const login = password === '' ? '' : `AUTH ${decodeURIComponent(password)}\r\n`;
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (answer.split('\r\n').length > (login === '' ? 1 : 2)) socket.end();
    });
    socket.on('close', () => resolve(answer));
    socket.write(`${login}${command}\r\n`);
  });
}

const loseRedis = {
  id: 'F9',
  title: 'Redis emptied, then down',
  state: 'the worker saw that Redis was away',
  async inject(ctx) {
    const { instance, kills, random } = ctx;
    const answer = await redisCommand(instance.redisUrl, 'FLUSHALL');
    if (!answer.includes('+OK')) throw new Error(`FLUSHALL: ${answer}`);
    kills.push('redis emptied');
    await delay(between(random, 200, 1_000));
    await instance.engines.redis.kill();
    kills.push('redis');
    await eventually(async () => !(await instance.readiness(instance.services.worker)).ok, {
      deadlineMs: patienceMs,
      what: 'the worker to be unready',
    });
    await instance.engines.redis.start();
    return { reached: true, note: 'the worker was unready meanwhile' };
  },
};

const rollingRestart = {
  id: 'F21',
  title: 'everything restarted in turn, asked politely',
  state: 'every process was another one afterwards',
  async inject({ instance, driver, kills }) {
    const broken = driver.broken.length;
    const all = { ...instance.services, ...instance.engines };
    let restarted = 0;
    for (const [name, one] of Object.entries(all)) {
      if (one.pid === undefined) continue;
      const { pid } = one;
      await one.stop();
      await one.start();
      kills.push(`${name} restarted`);
      if (one.pid !== pid) restarted += 1;
      // The next one only when this one works, as a person would do it.
      if (one.name === undefined) continue;
      await eventually(
        async () => {
          const { ok, text } = await instance.readiness(one);
          if (!ok) throw new NotYet(text);
          return true;
        },
        { deadlineMs: patienceMs, what: `${name} to be ready again` },
      );
    }
    const errors = driver.broken.length - broken;
    return {
      reached: restarted === 9,
      note: `${restarted} processes, ${errors} answers that cannot be retried`,
    };
  },
};

const storm = {
  id: 'storm',
  title: 'ingest, sink, ClickHouse and broker killed side by side',
  state: 'all four died, and requests were lost or refused',
  async inject(ctx) {
    const { instance, random, kills, isLong } = ctx;
    const before = refusals(ctx);
    const victims = {
      ingest: instance.services.ingest,
      sink: instance.services.sink,
      gateway: instance.engines.gateway,
      broker: instance.engines.broker,
    };
    const rounds = isLong ? 5 : 3;
    await Promise.all(
      Object.entries(victims).map(async ([name, victim]) => {
        for (let n = 0; n < rounds; n += 1) {
          await delay(between(random, name === 'broker' ? 1_500 : 200, 3_500));
          await victim.kill();
          kills.push(name);
          await delay(between(random, 0, 500));
          await victim.start();
        }
      }),
    );
    return {
      reached: refusals(ctx) > before,
      note: `${rounds} times each, ${refusals(ctx) - before} requests lost or refused`,
    };
  },
};

export const processFaults = [
  killIngest,
  killSink,
  killAtCommit,
  killBroker,
  freezeBroker,
  gatewayDown,
  loseRedis,
  rollingRestart,
  storm,
];
