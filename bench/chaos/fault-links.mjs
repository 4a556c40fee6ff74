// Connections that break, stop or slow down.
import { eventually } from '@ledgerline/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryOf } from './instance.mjs';
import { countInLogs } from './sometimes.mjs';

const patienceMs = 60_000;
const insertSign = 'INSERT+INTO+events';

const total = async (instance) => [...(await instance.marks()).values()].reduce((sum, next) => sum + next, 0);

async function untilLogged(instance, state, before) {
  await eventually(async () => (await countInLogs(instance.logDir)).get(state) > before, {
    deadlineMs: patienceMs,
    what: state,
  });
}

const loseReply = {
  id: 'F8',
  title: 'insert executed but its reply lost; never delivered; delivered late',
  state: 'a late insert was refused by the store',
  async inject({ instance, sometimes, kills, isNaive }) {
    const proxy = instance.clickhouseProxy;
    const unknown = 'insert of unknown outcome, marks read again';
    const lose = async (mishap, state) => {
      const before = (await countInLogs(instance.logDir)).get(unknown);
      const { mishaps } = proxy;
      proxy.arm(mishap, insertSign);
      await eventually(() => proxy.mishaps > mishaps, { deadlineMs: patienceMs, what: mishap });
      kills.push(mishap);
      sometimes.note(state);
      // A naive sink never says so: it sends the same again.
      if (!isNaive) await untilLogged(instance, unknown, before);
    };
    await lose('lose-reply', 'reply lost after insert');
    await lose('lose-reply', 'reply lost after insert');
    await lose('lose-request', 'request lost before insert');
    if (isNaive) return { reached: true, note: 'a naive store knows no claim that could be refused' };
    await lose('hold', 'request lost before insert');
    // Before the sink has claimed again the late one would be in time.
    const marks = await total(instance);
    await eventually(async () => (await total(instance)) > marks, {
      deadlineMs: patienceMs,
      what: 'the sink to go on without the late insert',
    });
    const late = await proxy.release();
    const isRefused = late.includes('sink-insert refused');
    if (isRefused) sometimes.note('late insert of a zombie refused by the store');
    return {
      reached: isRefused,
      note: `two replies and two requests lost; the late one was ${isRefused ? 'refused' : 'taken'}`,
    };
  },
};

const slowStore = {
  id: 'F17',
  title: 'slow way to ClickHouse and a burst',
  state: 'more than a thousand events waited',
  async inject({ instance, driver, kills, isLong }) {
    const { sink, ingest } = instance.services;
    const maxMiB = 768; // two batches of 64 MiB, a fetch of 16 MiB, filters, and Node itself
    instance.clickhouseProxy.throttle(20_000); // about a hundred events a second
    driver.pace(20);
    kills.push('slow link, burst');
    const untilMs = performance.now() + (isLong ? 20_000 : 5_000);
    const burstMax = 30_000; // then the burst is over, and the rest is the slow way
    const before = driver.expected.size;
    let stored = await instance.metric(sink, 'ledgerline_sink_rows_total');
    let waiting = 0;
    let memoryMax = 0;
    try {
      await eventually(
        async () => {
          const taken = driver.expected.size - before;
          const rows = await instance.metric(sink, 'ledgerline_sink_rows_total');
          waiting = Math.max(waiting, taken - (rows - stored));
          if (rows < stored) stored = 0; // another process counts from 0
          if (taken > burstMax) driver.pace(1);
          memoryMax = Math.max(memoryMax, await memoryOf(sink.pid), await memoryOf(ingest.pid));
          return performance.now() >= untilMs && waiting > 1_000;
        },
        { deadlineMs: patienceMs, what: 'a backlog of a thousand events' },
      );
    } finally {
      driver.pace(1);
      instance.clickhouseProxy.throttle(Infinity);
    }
    if (memoryMax > maxMiB) driver.broken.push(`memory: ${Math.round(memoryMax)} MiB held during a burst`);
    return {
      reached: true,
      note: `up to ${waiting} events waited; sink and ingest at most ${Math.round(memoryMax)} MiB`,
    };
  },
};

const partitioned = {
  id: 'F18',
  title: 'no link between ingest and Kafka; one way only; then the other way only',
  state: 'a write of unknown outcome was answered 503',
  async inject({ instance, driver, sometimes, kills, random }) {
    const state = '503 after a write of unknown outcome';
    const before = sometimes.count(state);
    for (const ways of [['requests', 'replies'], ['replies'], ['requests']]) {
      const seen = driver.counts.refused;
      instance.kafkaProxy.block(...ways);
      kills.push(`no ${ways.join(' and ')} at Kafka`);
      try {
        await eventually(() => driver.counts.refused > seen, { deadlineMs: patienceMs, what: 'a refusal' });
        await delay(random() * 2_000);
      } finally {
        instance.kafkaProxy.unblock();
      }
      const { acknowledged } = driver.counts;
      await eventually(() => driver.counts.acknowledged > acknowledged, {
        deadlineMs: patienceMs,
        what: 'events to be taken again',
      });
    }
    const seen = sometimes.count(state) - before;
    return { reached: seen > 0, note: `${seen} times` };
  },
};

export const linkFaults = [loseReply, slowStore, partitioned];
