import type { RequestContext } from '@ledgerline/contract';
import type { WorkScope } from '@ledgerline/kernel';

export const scopeOf = ({ namespace, actor, requestId }: RequestContext): WorkScope => ({
  namespace,
  actor,
  cause: requestId,
});
