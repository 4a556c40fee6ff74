// Posts usage events and keeps its own record of what was acknowledged.
import { setTimeout as delay } from 'node:timers/promises';
import { Expected, EventMaker, keyOf } from './usage.mjs';

const workers = 4;
const batchMax = 40;
const pauseMaxMs = 150;
const requestTimeoutMs = 20_000; // above ingest's own 8 s, and above a slow machine
const againShare = 0.02; // a little later
const muchLaterShare = 0.01;
const keptForResend = 300;
const eventsMax = 500_000; // what the driver can remember in a few hundred megabytes

/**
 * Every request has one of three outcomes: acknowledged, rejected, unknown. What was refused for now or is unknown is sent again
 * with the same ids until it is acknowledged, and some of what was acknowledged is sent again anyway.
 */
export class Driver {
  expected = new Expected();
  counts = {
    requests: 0,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    retried: 0,
    resent: 0,
    resentMuchLater: 0,
  };
  /** Answers that break a promise: no client could have sent the same events again. */
  broken = [];
  /** Every identity that left this process. */
  sent = new Set();
  #urls;
  #random;
  #maker;
  #sometimes;
  #laterMs;
  #recent = [];
  #later = [];
  #waiting = [];
  #inFlight = 0;
  #isPaused = true;
  #isEnding = false;
  #factor = 1;
  #working;

  /** `urls`: where to post; the first is ingest itself, the second the front door. */
  constructor({ urls, random, run, sometimes, laterMs }) {
    this.#urls = urls;
    this.#random = random;
    this.#maker = new EventMaker(random, run);
    this.#sometimes = sometimes;
    this.#laterMs = laterMs;
  }

  start() {
    this.#isPaused = false;
    this.#working = Promise.all(Array.from({ length: workers }, (_, index) => this.#work(index)));
    // Whoever waits for the driver hears of it; until then it must not end the process.
    this.#working.catch(() => undefined); // tidy: end() awaits it and hears of the failure
  }

  /** Times the usual pace. */
  pace(factor) {
    this.#factor = factor;
  }

  resume() {
    this.#isPaused = false;
  }

  /** Sends nothing new; what is not known to be acknowledged is still sent again. True once nothing of it is left. */
  pause() {
    this.#isPaused = true;
  }

  get isSettled() {
    return this.#isPaused && this.#inFlight === 0 && this.#waiting.length === 0;
  }

  get unsettled() {
    return this.#inFlight + this.#waiting.length;
  }

  async end() {
    this.#isEnding = true;
    this.#isPaused = true;
    await this.#working;
  }

  /** New events that somebody sends by hand. */
  events(count, padding = 0) {
    return Array.from({ length: count }, () => this.#maker.make(padding));
  }

  /** Sends these now, at this address, as often as asked, side by side. */
  async post(events, times = 1, url = this.#urls[0]) {
    await Promise.all(Array.from({ length: times }, () => this.#send(events, url)));
  }

  async #work(index) {
    // One of them goes through the front door, as users do.
    const url = this.#urls[index === 0 ? 1 : 0];
    for (;;) {
      const again = this.#waiting.shift();
      if (again !== undefined) {
        this.counts.retried += 1;
        this.#inFlight += 1; // while it waits it is nowhere else
        try {
          await delay(100 + this.#random() * 200);
          await this.#send(again, url);
        } finally {
          this.#inFlight -= 1;
        }
        continue;
      }
      if (this.#isEnding) return;
      if (this.#isPaused) {
        await delay(20);
        continue;
      }
      await this.#send(this.#choose(), url);
      await delay((this.#random() * pauseMaxMs) / this.#factor);
    }
  }

  #choose() {
    const due = this.#later[0];
    if (due !== undefined && due.atMs <= performance.now()) {
      this.#later.shift();
      this.counts.resentMuchLater += 1;
      return due.events;
    }
    const old = this.#recent[Math.floor(this.#random() * this.#recent.length)];
    if (old !== undefined && (this.#random() < againShare || this.#maker.made > eventsMax)) {
      this.counts.resent += 1;
      return old;
    }
    return this.events(1 + Math.floor(this.#random() * batchMax * Math.min(4, this.#factor)));
  }

  async #send(events, url) {
    this.counts.requests += 1;
    this.#inFlight += 1;
    for (const event of events) this.sent.add(keyOf(event));
    try {
      await this.#exchange(events, url);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #exchange(events, url) {
    let reply;
    let body;
    try {
      reply = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: `[${events.map(({ json }) => json).join(',')}]`,
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      body = await reply.text();
    } catch {
      this.counts.unknown += 1;
      this.#sometimes.note('no answer: outcome unknown');
      this.#waiting.push(events);
      return;
    }
    if (reply.status === 204) {
      this.counts.acknowledged += 1;
      this.#acknowledge(events);
    } else {
      this.#refused(reply, body, events);
    }
  }

  #acknowledge(events) {
    for (const event of events) this.expected.add(event);
    if (this.#recent.length < keptForResend) this.#recent.push(events);
    else this.#recent[Math.floor(this.#random() * keptForResend)] = events;
    if (this.#random() < muchLaterShare)
      this.#later.push({ atMs: performance.now() + this.#laterMs, events });
  }

  #refused(reply, body, events) {
    this.counts.refused += 1;
    this.#waiting.push(events);
    if (reply.status !== 503 && reply.status !== 429) {
      this.broken.push(`I12: status ${reply.status} for events that deserve none: ${body.slice(0, 200)}`);
      return;
    }
    this.#sometimes.note(`${reply.status} seen`);
    if (body.includes('too many events wait'))
      this.#sometimes.note('buffer full: 503 before anything was written');
    if (body.includes('did not acknowledge')) this.#sometimes.note('503 after a write of unknown outcome');
    if (body.includes('does not answer; it may be starting')) this.#sometimes.note('503 by the front door');
    if (!/^\d+$/.test(reply.headers.get('retry-after') ?? ''))
      this.broken.push(`I12: ${reply.status} without Retry-After: ${body.slice(0, 200)}`);
  }
}
