// Several sinks of one group.
import { eventually, NotYet } from '@ledgerline/testkit';
import { countInLogs } from './sometimes.mjs';

const patienceMs = 90_000; // a session of 6 s, a rebalance of 15 s at worst, on a loaded machine
const refused = 'insert refused by claim';

/** Partitions that a sink stores now, by its own figures. */
async function holds(instance, sink) {
  const text = await instance.metrics(sink).catch(() => '');
  return [...text.matchAll(/^ledgerline_sink_next_offset\{partition="(\d+)"/gm)].map(([, partition]) =>
    Number(partition),
  );
}

const zombie = {
  id: 'F11',
  title: 'a sink frozen past its session while others take its partitions, then thawed',
  state: 'its insert was refused by claim',
  async inject({ instance, kills, isNaive }) {
    const { sink, sink2, sink3 } = instance.services;
    await sink2.start();
    await sink3.start();
    const others = [sink2, sink3];
    try {
      for (let tries = 1; ; tries += 1) {
        await eventually(
          async () => {
            const counts = await Promise.all(
              [sink, ...others].map(async (one) => (await holds(instance, one)).length),
            );
            if (counts.includes(0)) throw new NotYet(counts);
            return true;
          },
          { deadlineMs: patienceMs, what: 'three sinks to share the partitions' },
        );
        const before = (await countInLogs(instance.logDir)).get(refused);
        const lost = await holds(instance, sink);
        const marks = await instance.marks();
        sink.freeze();
        kills.push('sink frozen');
        try {
          await eventually(
            async () => {
              const now = await instance.marks();
              return lost.every((partition) => now.get(partition) > (marks.get(partition) ?? 0) + 1);
            },
            { deadlineMs: patienceMs, what: 'the others to store what the frozen one held' },
          );
          // What the frozen one had stored itself just before may have moved the marks: wait for an owner as well.
          await eventually(
            async () => {
              const held = (await Promise.all(others.map((one) => holds(instance, one)))).flat();
              if (!lost.every((partition) => held.includes(partition))) throw new NotYet(held);
              return true;
            },
            { deadlineMs: patienceMs, what: 'the others to hold what the frozen one held' },
          );
        } finally {
          sink.thaw();
        }
        if (isNaive) return { reached: true, note: 'a naive store refuses nobody' };
        const isRefused = await eventually(
          async () => {
            // Either it came too late with something, or it had nothing to come with.
            if ((await countInLogs(instance.logDir)).get(refused) > before) return 'refused';
            return (await holds(instance, sink)).length > 0 && (await instance.readiness(sink)).ok && 'idle';
          },
          { deadlineMs: patienceMs, what: 'the thawed sink to be refused or at work again' },
        );
        if (isRefused === 'refused' || tries === 5)
          return { reached: isRefused === 'refused', note: `after ${tries} freeze${tries > 1 ? 's' : ''}` };
      }
    } finally {
      await sink2.stop();
      await sink3.stop();
    }
  },
};

const rebalanceStorm = {
  id: 'F12',
  title: 'sinks joining and leaving every five seconds',
  state: 'the marks moved in spite of it',
  async inject({ instance, driver, kills, isLong }) {
    const { sink2, sink3 } = instance.services;
    const everyMs = 5_000;
    const changes = isLong ? 8 : 4;
    const sum = async () => [...(await instance.marks()).values()].reduce((total, next) => total + next, 0);
    const first = await sum();
    let before = first;
    let withProgress = 0;
    try {
      for (let n = 0; n < changes; n += 1) {
        const one = n % 2 === 0 ? sink2 : sink3;
        const dueMs = performance.now() + everyMs;
        if (one.pid === undefined) await one.start();
        else if (n % 4 === 2) await one.kill();
        else await one.stop();
        kills.push(`${one.name} ${one.pid === undefined ? 'left' : 'joined'}`);
        await eventually(() => performance.now() >= dueMs, {
          deadlineMs: patienceMs,
          what: 'the next change',
        });
        const now = await sum();
        if (now > before) withProgress += 1;
        before = now;
      }
    } finally {
      await sink2.stop();
      await sink3.stop();
    }
    if (before === first) driver.broken.push('F12: nothing was stored while sinks joined and left');
    return {
      reached: before > first,
      note: `${changes} changes, progress in ${withProgress} of them, ${before - first} records`,
    };
  },
};

export const sinkFaults = [zombie, rebalanceStorm];
