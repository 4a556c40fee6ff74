import { acceptedOrThrow, type Clock, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import type { EventStore } from '../core/event-ports.js';
import type { EventListQuery, ListedEvent } from '../core/event-query.js';
import type { Meter } from '../core/meter.js';
import type { MeterStore, UsageAttributionLookup } from '../core/ports.js';
import { type EventListInput, readEventList } from '../core/read-event-list.js';
import { type CursorParts, cutPage, type EventPageInput, readEventPage } from '../core/read-event-page.js';
import { describeReadingProblem } from '../core/reading-problems.js';
import { filterValuesMax, refuse } from '../core/string-filter.js';
import type { TrackProgress } from './track-progress.js';

export interface ListEventsPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly events: EventStore;
  readonly attribution: UsageAttributionLookup;
  readonly clock: Clock;
  readonly progress: TrackProgress;
}

export interface ExplainedEvent {
  readonly event: ListedEvent;
  readonly customerId: string | undefined;
  readonly validationError: string | undefined;
}

interface Asked {
  /** Makes the progress of the list askable while it is read. */
  readonly clientId?: string | undefined;
  readonly customerIds?: readonly string[] | undefined;
}

// As many as a namespace can list; a meter beyond them would go unmentioned in validation errors only.
const metersMax = 1000;

/** Stored usage events, newest first, with what today's meters and customers make of them. */
export class ListEvents {
  constructor(private readonly ports: ListEventsPorts) {}

  async run(namespace: string, input: EventListInput & Asked): Promise<readonly ExplainedEvent[]> {
    // Upstream sends an empty parameter for none.
    const asked = input.customerIds?.length === 0 ? undefined : input.customerIds;
    const customerKeys = await this.findCustomerKeys(namespace, 'customerId', asked);
    const now = this.ports.clock.now();
    const query = acceptedOrThrow(readEventList(input, { namespace, now, customerKeys }));
    const live = await this.liveMeters(namespace);
    return this.explainAll(query, live, await this.find(query, live, input.clientId));
  }

  async page(
    namespace: string,
    input: EventPageInput & Asked,
  ): Promise<{ readonly events: readonly ExplainedEvent[]; readonly next: CursorParts | undefined }> {
    const customerKeys = await this.findCustomerKeys(namespace, 'filter.customerId.$in', input.customerIds);
    const query = acceptedOrThrow(readEventPage(input, { namespace, customerKeys }));
    const live = await this.liveMeters(namespace);
    // One more than asked for tells whether the page ends between two events that only their places tell apart.
    const found = await this.find({ ...query, limit: query.limit + 1 }, live, input.clientId);
    const { events, next } = cutPage(query, found);
    return { events: await this.explainAll(query, live, events), next };
  }

  private find(
    query: EventListQuery,
    live: readonly Meter[],
    clientId: string | undefined,
  ): Promise<readonly ListedEvent[]> {
    const { events, progress } = this.ports;
    return progress.run(query.namespace, clientId, (watched) => events.list(query, live, watched));
  }

  private liveMeters(namespace: string): Promise<readonly Meter[]> {
    return this.ports.meters.list(this.ports.unitOfWork.reader(namespace), {
      includeDeleted: false,
      orderBy: 'key',
      descending: false,
      limit: metersMax,
      offset: 0,
    });
  }

  private async explainAll(
    { namespace }: EventListQuery,
    live: readonly Meter[],
    events: readonly ListedEvent[],
  ): Promise<readonly ExplainedEvent[]> {
    const subjects = [...new Set(events.map(({ subject }) => subject))];
    const { unitOfWork, attribution } = this.ports;
    const owners = await attribution.customerIdsOfSubjects(unitOfWork.reader(namespace), subjects);
    return events.map((event) => {
      const customerId = owners.get(event.subject);
      return { event, customerId, validationError: explain(event, live, customerId) };
    });
  }

  private async findCustomerKeys(
    namespace: string,
    field: string,
    ids: readonly string[] | undefined,
  ): Promise<readonly string[] | undefined> {
    if (ids === undefined || ids.length === 0) return ids;
    if (ids.length > filterValuesMax) {
      throw new Refused(refuse(field, `more than ${filterValuesMax} values`).refused);
    }
    const found = await this.ports.attribution.customersById(this.ports.unitOfWork.reader(namespace), ids);
    const unknown = ids.filter((id) => !found.some((customer) => customer.id === id));
    if (unknown.length > 0) {
      throw new Refused(refusal.invalid(`validation error: customers not found: ${unknown.join(', ')}`));
    }
    return found.flatMap(({ keys }) => keys);
  }
}

function explain(
  event: ListedEvent,
  meters: readonly Meter[],
  customerId: string | undefined,
): string | undefined {
  const problems = event.problems.map(({ meter, code, text }) =>
    describeReadingProblem({ code, text, path: meters[meter]?.valueProperty?.text ?? '' }),
  );
  const lines = [
    ...(meters.some(({ eventType }) => eventType === event.type)
      ? []
      : [`no meter found for event type: ${event.type}`]),
    ...problems,
    ...(customerId === undefined ? [`no customer found for event subject: ${event.subject}`] : []),
  ];
  return lines.length === 0 ? undefined : lines.join('\n');
}
