// Posts usage events over keep-alive connections. Raw sockets and prepared bytes: the generator shares the cores with what
// it measures, so it must cost little.
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from './statistics.mjs';
import { Tally } from './usage.mjs';

// A service that answers nothing for that long is broken, and the run is over.
const answerTimeoutMs = 30_000;
const status = Buffer.from('HTTP/1.1 204');

/** One connection that has at most one request under way. */
export class Poster {
  #socket;
  #pending;
  #request;

  constructor(url, source, batch) {
    this.source = source;
    this.template = source.template(batch);
    const { text, contentType } = this.template;
    const head =
      `POST /api/v1/events HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
    this.offset = Buffer.byteLength(head);
    this.#request = Buffer.from(head + text);
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.#socket.setTimeout(answerTimeoutMs, () =>
      this.#settle(new Error(`no answer within ${answerTimeoutMs / 1000} s`)),
    );
    this.#socket.on('data', (chunk) =>
      this.#settle(
        chunk.subarray(0, status.length).equals(status)
          ? undefined
          : new Error(`the service answered: ${chunk.toString('utf8').slice(0, 300)}`),
      ),
    );
    this.#socket.on('error', (error) => this.#settle(error));
    this.#socket.on('close', () => this.#settle(new Error('the service closed the connection')));
  }

  /** Sends the next events; calls back when they are acknowledged, or with the error. */
  post(done) {
    const first = this.source.take(this.template.batch);
    this.source.write(this.template, this.#request, this.offset, first);
    this.#pending = (error) => done(error, first);
    // The answer comes after the last byte was read, so the buffer is free again then.
    this.#socket.write(this.#request);
  }

  close() {
    this.#pending = undefined;
    this.#socket.destroy();
  }

  #settle(error) {
    const done = this.#pending;
    this.#pending = undefined;
    done?.(error);
  }
}

/**
 * Keeps every connection busy for a while, or until `events` are sent. Gives what was acknowledged in all, and what was seen
 * in the window after the warm-up. `atWindow('start' | 'end')` is called at its two ends.
 */
export async function postClosedLoop(options) {
  const { url, source, batch, connections = 64, warmupMs = 0, windowMs, events, atWindow } = options;
  const tally = new Tally();
  const window = { requests: 0, latencies: [], isOpen: warmupMs === 0 };
  let left = events ?? Infinity;
  let isOver = false;
  const posters = Array.from({ length: connections }, () => new Poster(new URL(url), source, batch));
  const run = (poster) =>
    new Promise((resolve, reject) => {
      const next = () => {
        if (isOver || left <= 0) return resolve();
        left -= batch;
        const sentAt = performance.now();
        poster.post((error, first) => {
          if (error !== undefined) return reject(error);
          tally.add(first, batch);
          if (window.isOpen) {
            window.requests += 1;
            window.latencies.push(performance.now() - sentAt);
          }
          next();
        });
      };
      next();
    });
  const all = Promise.all(posters.map(run)).catch((error) => {
    isOver = true;
    throw error;
  });
  // A service that fails ends the pause at once.
  const pause = (ms) => Promise.race([delay(ms), all]);
  let startedAt = performance.now();
  try {
    if (warmupMs > 0) {
      await pause(warmupMs);
      window.isOpen = true;
    }
    atWindow?.('start');
    startedAt = performance.now();
    await (windowMs === undefined ? all : pause(windowMs));
    const seconds = (performance.now() - startedAt) / 1000;
    atWindow?.('end');
    window.isOpen = false;
    isOver = true;
    await all;
    return { tally, ...summary(window, seconds, batch) };
  } finally {
    isOver = true;
    for (const poster of posters) poster.close();
  }
}

const summary = ({ requests, latencies }, seconds, batch) => ({
  seconds,
  events: requests * batch,
  requestsPerSecond: requests / seconds,
  eventsPerSecond: (requests * batch) / seconds,
  p50Ms: percentile(latencies, 0.5),
  p99Ms: percentile(latencies, 0.99),
});

/**
 * Sends `rate` events a second whether or not earlier ones were answered: requests are due at fixed times, and one that finds
 * no free connection is late, not left out.
 */
export class OpenLoop {
  tally = new Tally();
  latenciesMs = [];
  #isOver = false;
  #failure;
  #waiting = [];
  #underWay = 0;

  constructor({ url, source, rate, batch, connections = 32 }) {
    this.everyMs = (1000 * batch) / rate;
    this.batch = batch;
    this.posters = Array.from({ length: connections }, () => new Poster(new URL(url), source, batch));
    this.idle = [...this.posters];
  }

  /** Runs for that long; returns once everything sent is answered. */
  async run(durationMs) {
    const startedAt = performance.now();
    let sent = 0;
    try {
      while (!this.#isOver) {
        const elapsed = performance.now() - startedAt;
        const due = Math.floor(Math.min(elapsed, durationMs) / this.everyMs);
        for (; sent < due; sent += 1) this.#send(startedAt + sent * this.everyMs);
        if (elapsed >= durationMs) break;
        await delay(1);
      }
      const deadline = performance.now() + answerTimeoutMs;
      while ((this.#underWay > 0 || this.#waiting.length > 0) && this.#failure === undefined) {
        if (performance.now() > deadline) throw new Error('requests stayed without an answer');
        await delay(5);
      }
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      for (const poster of this.posters) poster.close();
    }
  }

  #send(dueAt) {
    const poster = this.idle.pop();
    if (poster === undefined) this.#waiting.push(dueAt);
    else this.#post(poster, dueAt);
  }

  #post(poster, dueAt) {
    this.#underWay += 1;
    poster.post((error, first) => {
      this.#underWay -= 1;
      if (error !== undefined) {
        this.#failure ??= error;
        this.#isOver = true;
        return;
      }
      this.tally.add(first, this.batch);
      this.latenciesMs.push(performance.now() - dueAt);
      const next = this.#waiting.shift();
      if (next === undefined) this.idle.push(poster);
      else this.#post(poster, next);
    });
  }
}
