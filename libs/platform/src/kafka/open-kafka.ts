import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Becomes the client id, which the broker's own log shows. */
  readonly service: string;
  readonly logger: Logger;
  /**
   * Told whenever the broker says that it does not know a topic or partition. The library meets that by asking again, and a
   * consumer of a topic that was deleted and made anew would go on in the new one as if nothing had happened.
   */
  readonly onUnknownTopic?: () => void;
}

/** The library's text for UNKNOWN_TOPIC_OR_PARTITION: its log is the only place where a consumer's own answers show. */
const unknownTopic = 'This server does not host this topic-partition';

/**
 * The library's defaults double from 300 ms to 30 s, so after a broker restart traffic resumes up to half a minute late.
 * Ours tries at least once a second, for about half a minute; then the caller hears of it.
 */
export const kafkaRetry = {
  initialRetryTime: 50,
  maxRetryTime: 1_000,
  multiplier: 2,
  factor: 0.2,
  retries: 30,
} as const;

/** How long the broker holds a fetch open when there is nothing. A consumer that is told to leave waits for it. */
export const fetchWaitMs = 500;

const levels = {
  [logLevel.ERROR]: 'error',
  [logLevel.WARN]: 'warn',
  [logLevel.INFO]: 'debug', // joins and leaves of groups
  [logLevel.DEBUG]: 'trace',
  [logLevel.NOTHING]: 'trace',
} as const;

export const openKafka = ({ brokers, service, logger, onUnknownTopic }: KafkaOptions): Kafka =>
  new Kafka({
    clientId: `ledgerline-${service}`,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 15_000, // the broker itself gives up an acks=all write after ten
    retry: kafkaRetry,
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: () => (entry) => {
      logger[levels[entry.level]]({ kafka: detailsOf(entry) }, entry.log.message);
      if (entry.log['error'] === unknownTopic) onUnknownTopic?.();
    },
  });

/** What the library logs beside its message, which pino writes by itself, as it does the time. */
function detailsOf({ namespace, log }: LogEntry): Record<string, unknown> {
  const details = Object.entries(log).filter(([key]) => key !== 'message' && key !== 'timestamp');
  return { namespace, ...Object.fromEntries(details) };
}
