import { compareInstants, type Decision, type Instant, isBefore, refusal } from '@ledgerline/kernel';
import type { EventListQuery } from './plan-event-list.js';

export interface EventListInput {
  readonly clientId?: string | undefined;
  readonly ingestedAtFrom?: Instant | undefined;
  readonly ingestedAtTo?: Instant | undefined;
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly limit?: number | undefined;
}

export interface EventListFacts {
  readonly namespace: string;
  readonly now: Instant;
  /** Keys of the customers asked for; undefined when none was. */
  readonly customerKeys: readonly string[] | undefined;
}

// The list is for looking at what came in lately; a month of retries and one day, like the dedupe window.
const reach = { hours: 32 * 24 } as const;
const limitMax = 100;

export function readEventList(input: EventListInput, facts: EventListFacts): Decision<EventListQuery> {
  const oldest = facts.now.subtract(reach);
  const from = input.from ?? oldest.add({ seconds: 1 });
  const limit = input.limit ?? limitMax;
  const wrong = [
    isBefore(from, oldest) && 'from date is too old: must be within the last 32 days',
    input.to !== undefined && compareInstants(input.to, from) < 0 && 'to date is before from date',
    input.ingestedAtFrom !== undefined &&
      isBefore(input.ingestedAtFrom, oldest) &&
      'ingestedAtFrom date is too old: must be within the last 32 days',
    input.ingestedAtTo !== undefined &&
      input.ingestedAtFrom !== undefined &&
      compareInstants(input.ingestedAtTo, input.ingestedAtFrom) < 0 &&
      'ingestedAtTo date is before ingestedAtFrom date',
    (limit < 1 || limit > limitMax) && `limit must be between 1 and ${limitMax}`,
    input.clientId === '' && 'clientId cannot be empty',
  ].find((reason) => reason !== false);
  if (wrong !== undefined) return { refused: refusal.invalid(wrong) };
  return {
    accepted: {
      namespace: facts.namespace,
      idContains: input.id === '' ? undefined : input.id,
      subjects: subjectsOf(input.subject, facts.customerKeys),
      fromSeconds: wholeSeconds(from),
      toSeconds: input.to === undefined ? undefined : wholeSeconds(input.to),
      ingestedFromMs: input.ingestedAtFrom?.epochMilliseconds,
      ingestedToMs: input.ingestedAtTo?.epochMilliseconds,
      limit,
    },
  };
}

const wholeSeconds = (at: Instant): number => Math.floor(at.epochMilliseconds / 1000);

function subjectsOf(
  subject: string | undefined,
  customerKeys: readonly string[] | undefined,
): readonly string[] | undefined {
  if (subject === undefined || subject === '') return customerKeys;
  if (customerKeys === undefined) return [subject];
  return customerKeys.includes(subject) ? [subject] : [];
}
