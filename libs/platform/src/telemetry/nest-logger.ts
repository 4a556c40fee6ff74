import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own messages in our log. Its start-up chatter is debug, its warnings and errors stay what they are. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, context?: unknown) => logger.debug({ context }, textOf(message)),
  debug: (message: unknown, context?: unknown) => logger.debug({ context }, textOf(message)),
  verbose: (message: unknown, context?: unknown) => logger.trace({ context }, textOf(message)),
  warn: (message: unknown, context?: unknown) => logger.warn({ context }, textOf(message)),
  error: (message: unknown, ...rest: unknown[]) =>
    logger.error(message instanceof Error ? { err: message } : { context: rest.at(-1) }, textOf(message)),
  fatal: (message: unknown, context?: unknown) => logger.fatal({ context }, textOf(message)),
});

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? message.message : JSON.stringify(message);
}
