import { acceptedOrThrow, type Clock, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import type { Meter } from '../core/meter.js';
import type { ListedEvent } from '../core/plan-event-list.js';
import type { MeterStore, UsageAttributionLookup, UsageStore } from '../core/ports.js';
import { type EventListInput, readEventList } from '../core/read-event-list.js';
import { describeReadingProblem } from '../core/reading-problems.js';

export interface ListEventsPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly usage: UsageStore;
  readonly attribution: UsageAttributionLookup;
  readonly clock: Clock;
}

export interface ExplainedEvent {
  readonly event: ListedEvent;
  readonly customerId: string | undefined;
  readonly validationError: string | undefined;
}

// As many as a namespace can list; a meter beyond them would go unmentioned in validation errors only.
const metersMax = 1000;

/** Stored usage events, newest first, with what today's meters and customers make of them. */
export class ListEvents {
  constructor(private readonly ports: ListEventsPorts) {}

  async run(
    namespace: string,
    input: EventListInput & { readonly customerIds?: readonly string[] | undefined },
  ): Promise<readonly ExplainedEvent[]> {
    const { unitOfWork, meters, usage, attribution, clock } = this.ports;
    const db = unitOfWork.reader(namespace);
    const customerKeys = await this.findCustomerKeys(namespace, input.customerIds);
    const query = acceptedOrThrow(readEventList(input, { namespace, now: clock.now(), customerKeys }));
    const live = await meters.list(db, {
      includeDeleted: false,
      orderBy: 'key',
      descending: false,
      limit: metersMax,
      offset: 0,
    });
    const events = await usage.events(query, live);
    const owners = await attribution.customerIdsOfSubjects(db, [
      ...new Set(events.map(({ subject }) => subject)),
    ]);
    return events.map((event) => {
      const customerId = owners.get(event.subject);
      return { event, customerId, validationError: explain(event, live, customerId) };
    });
  }

  private async findCustomerKeys(
    namespace: string,
    ids: readonly string[] | undefined,
  ): Promise<readonly string[] | undefined> {
    if (ids === undefined || ids.length === 0) return undefined;
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
