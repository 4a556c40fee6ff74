import type { UsageTuple } from '@ledgerline/contract';
import type { Refusal } from '@ledgerline/kernel';
import type { IngestLimits } from './limits.js';
import { decideIngest, findRequestOvergrowth, type IngestRequest } from './parse.js';

/** What a sender who asked for it is told about each event. */
export interface Receipt {
  readonly verdict: 'accepted' | 'refused';
  readonly events: readonly ReceiptEvent[];
}

export interface ReceiptEvent {
  /** Position in the request, from 0. */
  readonly index: number;
  readonly id?: string;
  readonly source?: string;
  /** `valid`: nothing is wrong with it, but another event of the request was refused. */
  readonly status: 'accepted' | 'invalid' | 'valid';
  readonly reasons?: readonly string[];
}

export const receiptOfAccepted = (tuples: readonly UsageTuple[]): Receipt => ({
  verdict: 'accepted',
  events: tuples.map(([, , id, source], index) => ({ index, id, source, status: 'accepted' })),
});

// More than the checks of one event can find; the list of a usual refusal is shorter.
const issuesPerEvent = 32;

/**
 * What is wrong with each event of a refused request; undefined when the request as a whole could not be understood. Reads it
 * once more: refusals are rare, and accepted requests must not pay for them.
 */
export function receiptOfRefused(
  request: IngestRequest,
  refusal: Refusal,
  nowMs: number,
  limits: IngestLimits,
): Receipt | undefined {
  const again = decideIngest(request, nowMs, { ...limits, issuesMax: limits.batchMax * issuesPerEvent });
  // Accepted now: then it was refused for its size once encoded, and the refusal itself names the events.
  const { issues = [] } = again.refused ?? refusal;
  const reasons = new Map<number, string[]>();
  for (const { field = '$', message } of issues) {
    const [, index = '0', member = ''] = /^\$(?:\[(\d+)\])?\.?(.*)$/.exec(field) ?? [];
    const reason = member === '' ? message : `${member} ${message}`;
    reasons.set(Number(index), [...(reasons.get(Number(index)) ?? []), reason]);
  }
  if (reasons.size === 0) return undefined;
  // What was refused for its nesting or size is not parsed: only the event at which the survey ended is known.
  const sent = findRequestOvergrowth(request, limits) === undefined ? sentEvents(request) : undefined;
  const indices = sent === undefined ? [...reasons.keys()] : [...sent.keys()];
  return {
    verdict: 'refused',
    events: indices.map((index) => {
      const wrong = reasons.get(index);
      return {
        index,
        ...namesOf(sent?.[index]),
        ...(wrong === undefined ? { status: 'valid' } : { status: 'invalid', reasons: wrong }),
      };
    }),
  };
}

/** In binary mode the body is the data of the only event. */
function sentEvents({ mode, text }: IngestRequest): readonly unknown[] {
  if (mode === 'binary') return [undefined];
  return [JSON.parse(text) as unknown].flat();
}

function namesOf(event: unknown): Pick<ReceiptEvent, 'id' | 'source'> {
  if (typeof event !== 'object' || event === null) return {};
  const { id, source } = event as { readonly id?: unknown; readonly source?: unknown };
  return {
    ...(typeof id === 'string' && { id }),
    ...(typeof source === 'string' && { source }),
  };
}
