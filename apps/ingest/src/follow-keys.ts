import { type Refusal, refusal } from '@ledgerline/kernel';
import { decodeKeyRecord } from '@ledgerline/namespaces/core';
import {
  type CompactedFollower,
  type CompactedRecord,
  followCompacted,
  type Kafka,
  within,
} from '@ledgerline/platform/kafka';
import { type Logger, reasonOf } from '@ledgerline/platform/telemetry';
import { setTimeout as pause } from 'node:timers/promises';
import { KeyRing, type Sender } from './key-ring.js';

export interface FollowKeysOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly logger: Logger;
}

/** How often the topic's end is compared with what was read. */
const CONFIRM_EVERY_MS = 1_000;
/** A broker that takes longer to say where a topic ends is in trouble. */
const CONFIRM_TIMEOUT_MS = 3_000;
/** Asked every second anyway; tries that overlap would pile up while the broker is away. */
const ASK_RETRIES = 1;
/** Without a confirmation for this long a revocation may have been missed: it is promised within five seconds. */
const STALE_AFTER_MS = 4_500;

/**
 * The keys as the topic tells them. Nobody is let in before it has been read to its end, nor while nobody knows whether there
 * is more: a service that cannot hear of revocations must not go on without them.
 */
export class FollowedKeys {
  private readonly ring = new KeyRing();
  private readonly stopping = new AbortController();
  private follower: CompactedFollower | undefined;
  private confirmedAtMs = -Infinity;
  private reason = 'the topic has not been read to its end yet';
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: FollowKeysOptions) {}

  /** Why no key is accepted right now; undefined when keys are checked. */
  get trouble(): string | undefined {
    if (performance.now() - this.confirmedAtMs < STALE_AFTER_MS) return undefined;
    return `API keys cannot be checked: ${this.reason}`;
  }

  start(): void {
    this.running = this.keepFollowing();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.follower?.close();
  }

  readonly identify = (authorization: string | undefined): Sender | { readonly refused: Refusal } => {
    const { trouble } = this;
    return trouble === undefined
      ? this.ring.identify(authorization)
      : { refused: refusal.unavailable(`${trouble}; none of this request was stored`) };
  };

  private async keepFollowing(): Promise<void> {
    const { kafka, topic, logger } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        this.follower ??= await followCompacted(kafka, topic, (record) => this.take(record), {
          askRetries: ASK_RETRIES,
        });
        const askedAtMs = performance.now();
        await within(this.follower.caughtUp(CONFIRM_TIMEOUT_MS), CONFIRM_TIMEOUT_MS, `reading ${topic}`);
        this.confirmedAtMs = askedAtMs;
        this.reason = 'no confirmation for some seconds';
      } catch (error) {
        // Readiness tells it, and after a moment every request.
        this.reason = reasonOf(error);
        logger.warn({ err: error, topic }, 'the API keys are not followed; tried again');
      }
      await pause(CONFIRM_EVERY_MS, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  private take({ key, value }: CompactedRecord): void {
    try {
      this.ring.apply(decodeKeyRecord(value ?? 'null'));
    } catch (error) {
      this.ring.forget(key);
      this.options.logger.error({ err: error, apiKey: key }, 'an unreadable API key is not accepted');
    }
  }
}
