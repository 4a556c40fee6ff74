import type { WorkScope } from '@ledgerline/kernel';

/** Who acts, where and why: a request's context, or a job. */
export interface Caller {
  readonly namespace: string;
  readonly actor: string;
  readonly requestId?: string;
}

export const scopeOf = (caller: Caller): WorkScope => ({
  namespace: caller.namespace,
  actor: caller.actor,
  ...(caller.requestId === undefined ? {} : { cause: caller.requestId }),
});

/** The worker itself acts; `cause` is the job's key. */
export const worker = (namespace: string, cause: string): Caller => ({
  namespace,
  actor: 'billing-worker',
  requestId: cause,
});
