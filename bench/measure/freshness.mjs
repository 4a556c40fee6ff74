// Freshness: from the moment an event is due to be sent until a meter query shows it, under a steady open-loop load.
import { setTimeout as delay } from 'node:timers/promises';
import { OpenLoop, Poster } from '../lib/load.mjs';
import { percentile, requireAgreement } from '../lib/statistics.mjs';
import { UsageSource } from '../lib/usage.mjs';
import { createMeters, probeMeter } from './meters.mjs';

const rate = 5_000;
const batch = 10;
const probeEveryMs = 50;
const pollPauseMs = 20;
const warmupMs = 3_000;
const showTimeoutMs = 30_000;

export async function measureFreshness(world, { durationMs, say, report }) {
  const corner = await world.openCorner();
  await corner.migrate();
  const api = await corner.startApi();
  await createMeters(api.url);
  await createMeters(api.url, [probeMeter]);
  const sink = await corner.startSink();
  const ingest = await corner.startIngest();
  const source = new UsageSource('fr');
  const load = new OpenLoop({ url: ingest.url, source, rate, batch });
  const probes = new Probes(ingest.url, api.url);
  const watching = probes.watch();
  const [seen] = await Promise.all([watching, load.run(durationMs), probes.post(durationMs)]);
  say(`${load.tally.events} events and ${seen.length} probes sent`);
  await agree(api, load.tally, probes.sent);
  const counted = seen.filter(({ at }) => at >= warmupMs).map(({ latencyMs }) => latencyMs);
  const name = `freshness at ${rate} events/s, event to meter`;
  report.absolute({ name: `${name}, p50`, unit: 'ms', values: [percentile(counted, 0.5)] });
  report.absolute({
    name: `${name}, p99`,
    unit: 'ms',
    values: [percentile(counted, 0.99)],
    goal: { atMost: 2_500 },
  });
  report.absolute({
    name: `ingest latency at ${rate} events/s in batches of ${batch}, p99`,
    unit: 'ms',
    values: [percentile(load.latenciesMs, 0.99)],
  });
  await ingest.stop();
  await sink.stop();
  await corner.close();
}

/** Single events of a type of their own, each with a subject of its own, so that one query shows which ones are visible. */
class Probes {
  sent = 0;
  #dueAt = [];
  #isDone = false;
  #failure;

  constructor(ingestUrl, apiUrl) {
    this.ingestUrl = new URL(ingestUrl);
    this.queryUrl = `${apiUrl}/api/v1/meters/${probeMeter.slug}/query?groupBy=subject`;
  }

  async post(durationMs) {
    const startedAt = performance.now();
    const posters = Array.from({ length: 4 }, (_, at) => new ProbePoster(this.ingestUrl, `pr${at}`));
    try {
      const answers = [];
      for (let n = 0; n * probeEveryMs < durationMs; n += 1) {
        const dueAt = startedAt + n * probeEveryMs;
        await delay(Math.max(0, dueAt - performance.now()));
        this.#dueAt[n] = { dueAt, at: n * probeEveryMs };
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
      await delay(pollPauseMs);
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
