import { compareInstants, type Decision, type Instant, isBefore, refusal } from '@ledgerline/kernel';
import type { EventCondition, EventListQuery } from './event-query.js';

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
/** Events of one page: what a person looks through, and what one answer can hold of 64 KiB events. */
export const eventsMax = 100;

export function readEventList(input: EventListInput, facts: EventListFacts): Decision<EventListQuery> {
  const oldest = facts.now.subtract(reach);
  const from = input.from ?? oldest.add({ seconds: 1 });
  const limit = input.limit ?? eventsMax;
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
    (limit < 1 || limit > eventsMax) && `limit must be between 1 and ${eventsMax}`,
    input.clientId === '' && 'clientId cannot be empty',
  ].find((reason) => reason !== false);
  if (wrong !== undefined) return { refused: refusal.invalid(wrong) };
  const bound = (column: 'time' | 'ingested_at', operator: '>=' | '<', value: number): EventCondition => ({
    kind: 'time',
    column,
    filter: { operator, value },
  });
  const subjects = (values: readonly string[]): EventCondition => ({
    kind: 'text',
    column: 'subject',
    filter: { operator: '$in', values },
  });
  return {
    accepted: {
      namespace: facts.namespace,
      orderBy: 'time',
      limit,
      conditions: [
        bound('time', '>=', wholeSeconds(from)),
        ...(input.to === undefined ? [] : [bound('time', '<', wholeSeconds(input.to))]),
        ...(input.ingestedAtFrom === undefined
          ? []
          : [bound('ingested_at', '>=', input.ingestedAtFrom.epochMilliseconds)]),
        ...(input.ingestedAtTo === undefined
          ? []
          : [bound('ingested_at', '<', input.ingestedAtTo.epochMilliseconds)]),
        ...(input.id === undefined || input.id === ''
          ? []
          : [{ kind: 'id-contains', text: input.id } as const]),
        ...(input.subject === undefined || input.subject === '' ? [] : [subjects([input.subject])]),
        ...(facts.customerKeys === undefined ? [] : [subjects(facts.customerKeys)]),
      ],
    },
  };
}

const wholeSeconds = (at: Instant): number => Math.floor(at.epochMilliseconds / 1000);
