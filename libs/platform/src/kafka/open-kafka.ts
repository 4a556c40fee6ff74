import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Becomes the client id, which the broker's own log shows. */
  readonly service: string;
  readonly logger: Logger;
}

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

const levels = {
  [logLevel.ERROR]: 'error',
  [logLevel.WARN]: 'warn',
  [logLevel.INFO]: 'debug', // joins and leaves of groups
  [logLevel.DEBUG]: 'trace',
  [logLevel.NOTHING]: 'trace',
} as const;

export const openKafka = ({ brokers, service, logger }: KafkaOptions): Kafka =>
  new Kafka({
    clientId: `ledgerline-${service}`,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 15_000, // the broker itself gives up an acks=all write after ten
    retry: kafkaRetry,
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: () => (entry) => logger[levelOf(entry)]({ kafka: detailsOf(entry) }, entry.log.message),
  });

function levelOf(entry: LogEntry): (typeof levels)[keyof typeof levels] {
  return levels[entry.level as keyof typeof levels];
}

function detailsOf({ namespace, log }: LogEntry): Record<string, unknown> {
  const { message: _message, timestamp: _timestamp, ...details } = log;
  return { namespace, ...details };
}
