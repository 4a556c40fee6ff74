import type { OperationId } from './operations.gen.js';

export interface StatusOverride {
  readonly status: number;
  readonly reason: string;
}

/** Success statuses that differ from the document. The decorator and the reply validator both read them here. */
export const statusOverrides: Readonly<Partial<Record<OperationId, StatusOverride>>> = {
  createMeter: {
    status: 200,
    reason: 'Upstream answers 200 and its own tests hold it to that, though the document says 201.',
  },
  testNotificationRule: {
    status: 200,
    reason: 'Upstream answers 200, though the document says 201.',
  },
};
