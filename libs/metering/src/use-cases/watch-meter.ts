import { refusal, Refused } from '@ledgerline/kernel';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { MeterQueryAnswer } from '../core/meter-query.js';
import type { MeterQueryInput } from '../core/read-meter-query.js';
import { LiveStream } from './live-stream.js';

export interface WatchMeterPorts {
  readonly ask: (namespace: string, idOrSlug: string, input: MeterQueryInput) => Promise<MeterQueryAnswer>;
  /** The answer as it is sent: one line. Equal texts are equal answers. */
  readonly toText: (answer: MeterQueryAnswer) => string;
  /** Told why an answer could not be had, unless it is the caller's doing. */
  readonly onTrouble: (error: unknown) => void;
  readonly limits?: Partial<WatchLimits>;
}

/** Other than these only in tests. */
export interface WatchLimits {
  /** Each open stream holds a connection, here and at the front door, which has 128 of them for all requests. */
  readonly streamsMax: number;
  readonly streamsPerNamespaceMax: number;
  /** A question is asked again this long after its answer came, or later when it takes the store long. */
  readonly everyMs: number;
  readonly beatEveryMs: number;
  /** Then the listener connects anew and says again who it is, so a revoked key is felt. */
  readonly lifetimeMs: number;
}

const defaultLimits: WatchLimits = {
  streamsMax: 64,
  streamsPerNamespaceMax: 32,
  everyMs: 1_000,
  beatEveryMs: 15_000,
  lifetimeMs: 5 * 60_000,
};

// A question that takes long is asked less often: it may use a fifth of one of the store's threads.
const restPerWork = 4;
const restAfterTroubleMs = 5_000;
// More rows are a report, and the whole of it would be sent with every event.
const rowsMax = 1_000;
const reconnectMs = 2_000;

export interface WatchRequest {
  readonly namespace: string;
  readonly idOrSlug: string;
  readonly input: MeterQueryInput;
  /** What the listener has seen before it was cut off. */
  readonly lastEventId: string | undefined;
}

interface Told {
  readonly id: string;
  readonly event: string;
}

interface Question {
  readonly request: WatchRequest;
  readonly streams: Set<LiveStream>;
  /** Undefined until there is an answer, and while there is none to be had. */
  told: Told | undefined;
  /** The first answer; refused questions never get one. */
  readonly first: Promise<Told>;
  /** The event that tells why there is no answer now. */
  problem: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps listeners informed about meters: one timer for each distinct question, however many ask it. */
export class WatchMeter {
  private readonly questions = new Map<string, Question>();
  private readonly openBy = new Map<string, number>();
  private readonly limits: WatchLimits;
  private open = 0;
  private isClosed = false;
  private beats: NodeJS.Timeout | undefined;

  constructor(private readonly ports: WatchMeterPorts) {
    this.limits = { ...defaultLimits, ...ports.limits };
  }

  /** Text of a stream of server-sent events. Throws `Refused` for what a meter query would refuse too. */
  async watch(request: WatchRequest): Promise<Readable> {
    const release = this.reserve(request.namespace);
    let stream: LiveStream | undefined;
    try {
      const key = JSON.stringify([request.namespace, request.idOrSlug, request.input]);
      const question = this.questions.get(key) ?? this.begin(key, request);
      stream = new LiveStream(() => {
        release();
        this.leave(key, question, stream);
      });
      question.streams.add(stream);
      if (question.told === undefined && question.problem === undefined) await question.first;
      // The first look may have taken longer than the process had left.
      if (this.isClosed) throw closing();
      stream.send(`retry: ${reconnectMs}\n\n${greeting(question, request.lastEventId)}`);
      this.endLater(stream);
      return stream;
    } catch (error) {
      if (stream === undefined) release();
      else stream.destroy();
      throw error;
    }
  }

  /** How many listen now. */
  get streams(): number {
    return this.open;
  }

  /** How many distinct questions are being asked. */
  get asked(): number {
    return this.questions.size;
  }

  /** Ends all streams and lets no other begin. Listeners come back to another process, or to this one's successor. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.beats);
    for (const { timer, streams } of this.questions.values()) {
      clearTimeout(timer);
      for (const stream of streams) stream.end();
    }
  }

  private reserve(namespace: string): () => void {
    if (this.isClosed) throw closing();
    const here = this.openBy.get(namespace) ?? 0;
    if (here >= this.limits.streamsPerNamespaceMax) {
      throw new Refused(
        refusal.tooManyRequests(`more than ${this.limits.streamsPerNamespaceMax} live streams are open`, {
          retryAfterSeconds: reconnectMs / 1000,
        }),
      );
    }
    if (this.open >= this.limits.streamsMax) {
      throw new Refused(refusal.unavailable('too many live streams are open', { retryAfterSeconds: 10 }));
    }
    this.count(namespace, 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.count(namespace, -1);
      isHeld = false;
    };
  }

  private count(namespace: string, change: 1 | -1): void {
    this.open += change;
    const here = (this.openBy.get(namespace) ?? 0) + change;
    if (here === 0) this.openBy.delete(namespace);
    else this.openBy.set(namespace, here);
    if (this.open === 0) {
      clearInterval(this.beats);
      this.beats = undefined;
    } else this.beats ??= setInterval(() => this.beat(), this.limits.beatEveryMs);
  }

  private beat(): void {
    for (const { streams } of this.questions.values()) {
      for (const stream of streams) {
        // Not taken since the last beat: the connection is dead or its reader asleep.
        if (stream.isBehind) stream.destroy();
        else stream.beat(': still here\n\n');
      }
    }
  }

  private begin(key: string, request: WatchRequest): Question {
    const question: Question = {
      request,
      streams: new Set(),
      told: undefined,
      first: this.answer(request),
      problem: undefined,
      timer: undefined,
    };
    this.questions.set(key, question);
    const startedAt = performance.now();
    question.first.then(
      (told) => {
        question.told = told;
        this.askLater(question, performance.now() - startedAt);
      },
      // Whoever waits for the first answer is told by the promise itself.
      () => {
        if (this.questions.get(key) === question) this.questions.delete(key);
      },
    );
    return question;
  }

  private async answer({ namespace, idOrSlug, input }: WatchRequest): Promise<Told> {
    const answer = await this.ports.ask(namespace, idOrSlug, input);
    if (answer.rows.length > rowsMax) {
      throw new Refused(
        refusal.invalid(`a live answer has at most ${rowsMax} rows: ask for fewer groups or larger windows`),
      );
    }
    const text = this.ports.toText(answer);
    const id = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    return { id, event: `id: ${id}\nevent: usage\ndata: ${text}\n\n` };
  }

  private askLater(question: Question, tookMs: number): void {
    if (question.streams.size === 0 || this.isClosed) return;
    const restMs = question.problem === undefined ? 0 : restAfterTroubleMs;
    const delayMs = Math.max(this.limits.everyMs, tookMs * restPerWork, restMs);
    question.timer = setTimeout(() => void this.askAgain(question), delayMs);
  }

  private async askAgain(question: Question): Promise<void> {
    const startedAt = performance.now();
    try {
      const told = await this.answer(question.request);
      question.problem = undefined;
      if (told.id !== question.told?.id) this.tell(question, told.event);
      question.told = told;
    } catch (error) {
      this.tellTrouble(question, error);
    }
    this.askLater(question, performance.now() - startedAt);
  }

  private tellTrouble(question: Question, error: unknown): void {
    if (!(error instanceof Refused)) this.ports.onTrouble(error);
    if (question.problem !== undefined) return;
    // Told again once it can be read, also when it is what it was.
    question.told = undefined;
    const detail = error instanceof Refused ? error.refusal.detail : 'the value cannot be read at the moment';
    question.problem = `event: problem\ndata: ${JSON.stringify({ detail })}\n\n`;
    this.tell(question, question.problem);
  }

  private tell(question: Question, event: string): void {
    for (const stream of question.streams) stream.send(event);
  }

  private endLater(stream: LiveStream): void {
    const timer = setTimeout(() => stream.end(), this.limits.lifetimeMs);
    stream.once('close', () => clearTimeout(timer));
  }

  private leave(key: string, question: Question, stream: LiveStream | undefined): void {
    if (stream !== undefined) question.streams.delete(stream);
    if (question.streams.size > 0) return;
    clearTimeout(question.timer);
    if (this.questions.get(key) === question) this.questions.delete(key);
  }
}

const greeting = ({ told, problem }: Question, lastEventId: string | undefined): string => {
  if (told === undefined) return problem ?? '';
  return told.id === lastEventId ? ': unchanged\n\n' : told.event;
};

const closing = (): Refused => new Refused(refusal.unavailable('shutting down', { retryAfterSeconds: 2 }));
