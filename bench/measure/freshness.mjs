// Freshness: from the moment an event is due to be sent until a meter query shows it, under a steady open-loop load. The soak
// is the same for minutes at a high rate, with the memory of every process beside it.
import { setTimeout as delay } from 'node:timers/promises';
import { OpenLoop, Poster } from '../lib/load.mjs';
import { residentBytes } from '../lib/machine.mjs';
import { median, percentile, requireAgreement } from '../lib/statistics.mjs';
import { UsageSource } from '../lib/usage.mjs';
import { createMeters, probeMeter } from './meters.mjs';

const warmupMs = 3_000;
const showTimeoutMs = 30_000;
const memoryEveryMs = 5_000;

export async function measureFreshness(world, { durationMs, rate, say, report }) {
  const load = { rate, batch: 10, probeEveryMs: 50, pollPauseMs: 20, durationMs };
  const { latencies, ingestLatencies } = await runSteadily(world, load, say);
  const name = `freshness at ${rate} events/s, event to meter`;
  report.absolute({ name: `${name}, p50`, unit: 'ms', values: [percentile(latencies, 0.5)] });
  report.absolute({
    name: `${name}, p99`,
    unit: 'ms',
    values: [percentile(latencies, 0.99)],
    goal: { atMost: 2_500 },
  });
  report.absolute({
    name: `ingest latency at ${rate} events/s in batches of ${load.batch}, p99`,
    unit: 'ms',
    values: [percentile(ingestLatencies, 0.99)],
  });
}

/** Minutes at a high rate in batches of a hundred, five meter queries a second, everything running. */
export async function measureSoak(world, { soakMs, soakRate, say, report }) {
  const load = { rate: soakRate, batch: 100, probeEveryMs: 200, pollPauseMs: 200, durationMs: soakMs };
  const { latencies, ingestLatencies, memory } = await runSteadily(world, load, say);
  const name = `soak at ${soakRate} events/s for ${Math.round(soakMs / 60_000)} min`;
  report.absolute({
    name: `${name}, lag from event to meter, p99`,
    unit: 'ms',
    values: [percentile(latencies, 0.99)],
    goal: { atMost: 3_000 },
  });
  report.absolute({
    name: `${name}, ingest latency p99`,
    unit: 'ms',
    values: [percentile(ingestLatencies, 0.99)],
  });
  for (const [process, samples] of memory) {
    // The first third fills caches and filters; the middle is held against the end.
    const third = Math.floor(samples.length / 3);
    const middle = median(samples.slice(third, 2 * third));
    const last = median(samples.slice(2 * third));
    report.absolute({
      name: `${name}, memory of ${process} at the end (middle third ${Math.round(middle / 2 ** 20)} MiB)`,
      unit: 'MiB',
      values: [last / 2 ** 20],
      goal: { atMost: (middle * 1.1) / 2 ** 20 },
    });
  }
}

async function runSteadily(world, { rate, batch, probeEveryMs, pollPauseMs, durationMs }, say) {
  const corner = await world.openCorner();
  await corner.migrate();
  const api = await corner.startApi();
  await createMeters(api.url);
  await createMeters(api.url, [probeMeter]);
  const sink = await corner.startSink();
  const ingest = await corner.startIngest();
  const source = new UsageSource('fr');
  const load = new OpenLoop({ url: ingest.url, source, rate, batch });
  const probes = new Probes(ingest.url, api.url, { probeEveryMs, pollPauseMs });
  const processes = { ingest: ingest.pid, sink: sink.pid, api: api.pid };
  for (const engine of ['kafka', 'clickhouse']) processes[engine] = world.pidOf(engine);
  const memory = new Map(Object.keys(processes).map((name) => [name, []]));
  const sampling = setInterval(() => {
    for (const [name, pid] of Object.entries(processes)) memory.get(name).push(residentBytes(pid));
  }, memoryEveryMs);
  let seen;
  try {
    [seen] = await Promise.all([probes.watch(), load.run(durationMs), probes.post(durationMs)]);
  } finally {
    clearInterval(sampling);
  }
  say(`${load.tally.events} events and ${seen.length} probes sent`);
  await agree(api, load.tally, probes.sent);
  await ingest.stop();
  await sink.stop();
  await corner.close();
  return {
    latencies: seen.filter(({ at }) => at >= warmupMs).map(({ latencyMs }) => latencyMs),
    ingestLatencies: load.latenciesMs,
    memory,
  };
}

/** Single events of a type of their own, each with a subject of its own, so that one query shows which ones are visible. */
class Probes {
  sent = 0;
  #dueAt = [];
  #isDone = false;
  #failure;

  constructor(ingestUrl, apiUrl, { probeEveryMs, pollPauseMs }) {
    this.probeEveryMs = probeEveryMs;
    this.pollPauseMs = pollPauseMs;
    this.ingestUrl = new URL(ingestUrl);
    this.queryUrl = `${apiUrl}/api/v1/meters/${probeMeter.slug}/query?groupBy=subject`;
  }

  async post(durationMs) {
    const startedAt = performance.now();
    const posters = Array.from({ length: 4 }, (_, at) => new ProbePoster(this.ingestUrl, `pr${at}`));
    try {
      const answers = [];
      for (let n = 0; n * this.probeEveryMs < durationMs; n += 1) {
        const dueAt = startedAt + n * this.probeEveryMs;
        await delay(Math.max(0, dueAt - performance.now()));
        this.#dueAt[n] = { dueAt, at: n * this.probeEveryMs };
        this.sent += 1;
        answers.push(posters[n % posters.length].send(n));
      }
      await Promise.all(answers);
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#isDone = true;
      for (const poster of posters) poster.close();
    }
  }

  /** Asks until every probe was seen; gives the latency of each. */
  async watch() {
    const seen = [];
    const known = new Set();
    let deadline = Infinity;
    while (this.#failure === undefined) {
      if (this.#isDone && known.size === this.sent) return seen;
      if (this.#isDone) deadline = Math.min(deadline, performance.now() + showTimeoutMs);
      if (performance.now() > deadline)
        throw new Error(`${this.sent - known.size} probes were not shown within ${showTimeoutMs / 1000} s`);
      const reply = await fetch(this.queryUrl);
      const text = await reply.text();
      if (!reply.ok) throw new Error(`the meter answered ${reply.status}: ${text.slice(0, 300)}`);
      const answeredAt = performance.now();
      for (const { subject } of JSON.parse(text).data) {
        if (known.has(subject)) continue;
        known.add(subject);
        const { dueAt, at } = this.#dueAt[Number(subject.slice('probe-'.length))];
        seen.push({ at, latencyMs: answeredAt - dueAt });
      }
      await delay(this.pollPauseMs);
    }
    throw this.#failure;
  }
}

/** Sends single events one after the other over a connection of its own. */
class ProbePoster {
  #poster;
  #last = Promise.resolve();

  constructor(url, run) {
    const source = {
      number: 0,
      take: () => this.number,
      template: () => ({
        batch: 1,
        contentType: 'application/cloudevents+json',
        text: `{"specversion":"1.0","id":"${run}-nnnnnnnn","source":"bench","type":"${probeMeter.eventType}","subject":"probe-nnnnnnnn"}`,
      }),
      write: (template, bytes, offset, n) => {
        const digits = String(n).padStart(8, '0');
        for (const at of [template.text.indexOf('nnnnnnnn'), template.text.lastIndexOf('nnnnnnnn')])
          bytes.write(digits, offset + at, 'latin1');
      },
    };
    this.#poster = new Poster(url, source, 1);
  }

  send(n) {
    this.#last = this.#last.then(
      () =>
        new Promise((resolve, reject) => {
          this.number = n;
          this.#poster.post((error) => (error === undefined ? resolve() : reject(error)));
        }),
    );
    return this.#last;
  }

  close() {
    this.#poster.close();
  }
}

async function agree(api, tally, probes) {
  const total = async (slug) => {
    const reply = await fetch(`${api.url}/api/v1/meters/${slug}/query`);
    const { data } = await reply.json();
    return String(data[0]?.value);
  };
  const until = performance.now() + showTimeoutMs;
  let counted;
  // The load's last events may be stored a moment after the last probe.
  do {
    counted = { sum: await total('bench_amount'), probes: await total(probeMeter.slug) };
    if (counted.sum === tally.sum) break;
    await delay(100);
  } while (performance.now() < until);
  requireAgreement('the meters after the freshness run', { sum: tally.sum, probes }, counted);
}
