import type { WorkScope } from '@ledgerline/kernel';
import { inputHashOf } from '@ledgerline/platform/postgres';

/** Who acts, where and why: a request's context, or a job. */
export interface Caller {
  readonly namespace: string;
  readonly actor: string;
  readonly requestId?: string;
  /** From the Idempotency-Key header: the same request under it gets the first answer. */
  readonly once?: { readonly key: string; readonly route: string; readonly input: unknown };
}

export const scopeOf = (caller: Caller): WorkScope => ({
  namespace: caller.namespace,
  actor: caller.actor,
  ...(caller.requestId === undefined ? {} : { cause: caller.requestId }),
  ...(caller.once === undefined
    ? {}
    : {
        idempotency: {
          key: caller.once.key,
          route: caller.once.route,
          inputHash: inputHashOf(caller.once.input),
        },
      }),
});

export const withoutKey = ({ namespace, actor, requestId }: Caller): Caller => ({
  namespace,
  actor,
  ...(requestId === undefined ? {} : { requestId }),
});

/** The worker itself acts; `cause` is the job's key. */
export const worker = (namespace: string, cause: string): Caller => ({
  namespace,
  actor: 'billing-worker',
  requestId: cause,
});
