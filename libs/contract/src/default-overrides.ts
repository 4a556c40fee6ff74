import type { OperationId } from './operations.gen.js';

export interface DefaultOverride {
  readonly parameter: string;
  readonly value: string;
  readonly reason: string;
}

/** Defaults of query parameters that differ from the document. */
export const defaultOverrides: Readonly<Partial<Record<OperationId, DefaultOverride>>> = {
  listNotificationChannels: {
    parameter: 'order',
    value: 'DESC',
    reason: 'Upstream’s server shows the newest first; the document has one default for all lists.',
  },
  listNotificationEvents: {
    parameter: 'order',
    value: 'DESC',
    reason: 'As channels: the newest events first.',
  },
};
