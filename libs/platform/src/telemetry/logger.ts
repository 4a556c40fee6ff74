import { type Logger, pino } from 'pino';

export type { Logger };

/** One JSON line per event on standard output; the supervisor writes one file per service. */
export const createLogger = (options: { service: string; level: string }): Logger =>
  pino({
    name: options.service,
    level: options.level,
    // Secrets must not reach a log file, whatever object someone logs.
    redact: { paths: ['*.password', '*.authorization', '*.headers.authorization'], censor: '[secret]' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  });
