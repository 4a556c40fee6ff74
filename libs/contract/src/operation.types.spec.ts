// Not run: checked by the compiler. A line that stops being an error fails the build.
import { Operation } from './operation.js';
import type { OpReply, OpRequest } from './operations.js';
import { mediaReply, redirectReply } from './reply.js';

const meter: OpReply<'getMeter'> = {
  id: '01G65Z755AFWAKHE12NY0CQ9FH',
  slug: 'a',
  aggregation: 'COUNT',
  eventType: 'b',
  createdAt: '2024-01-01T00:00:00Z',
  updatedAt: '2024-01-01T00:00:00Z',
};

export class Accepted {
  @Operation('getMeter')
  get(request: OpRequest<'getMeter'>): Promise<OpReply<'getMeter'>> {
    return Promise.resolve({ ...meter, slug: request.path.meterIdOrSlug });
  }

  @Operation('deleteMeter')
  delete(): Promise<void> {
    return Promise.resolve();
  }

  @Operation('queryMeter')
  query(request: OpRequest<'queryMeter'>): OpReply<'queryMeter'> {
    const models: string | undefined = request.query.filterGroupBy?.['model'];
    const filters: object | undefined = request.query.advancedMeterGroupByFilters?.['model'];
    return filters === undefined ? mediaReply({ contentType: 'text/csv', body: models ?? '' }) : { data: [] };
  }

  @Operation('listPlans')
  list(request: OpRequest<'listPlans'>): OpReply<'listPlans'> {
    // Both carry a default, so they are there.
    const page: number = request.query.page;
    const pageSize: number = request.query.pageSize;
    return { items: [], totalCount: 0, page, pageSize };
  }

  @Operation('marketplaceOAuth2InstallAuthorize')
  authorize(): OpReply<'marketplaceOAuth2InstallAuthorize'> {
    return redirectReply('/');
  }

  @Operation('setClock')
  set(request: OpRequest<'setClock'>): OpReply<'setClock'> {
    return { mode: 'virtual', now: request.body.now, steps: 0 };
  }

  @Operation('createSubscription')
  subscribe(request: OpRequest<'createSubscription'>): Promise<OpReply<'createSubscription'>> {
    return Promise.reject(new Error('plan' in request.body ? 'plan' : request.body.customPlan.name));
  }
}

export class Refused {
  // @ts-expect-error the reply lacks nearly everything
  @Operation('getMeter')
  wrongReply(): { slug: string } {
    return { slug: 'a' };
  }

  // @ts-expect-error a field of the reply has another type
  @Operation('getMeter')
  wrongField(): Omit<typeof meter, 'slug'> & { slug: number } {
    return { ...meter, slug: 7 };
  }

  // @ts-expect-error the request belongs to another operation
  @Operation('getMeter')
  wrongRequest(request: OpRequest<'createPlan'>): typeof meter {
    return { ...meter, slug: request.body.key };
  }

  // @ts-expect-error no document has this operation
  @Operation('createUnicorn')
  unknown(): void {
    return;
  }

  // @ts-expect-error the operation answers JSON only
  @Operation('getMeter')
  wrongMedium(): ReturnType<typeof mediaReply> {
    return mediaReply({ contentType: 'text/csv', body: '' });
  }

  // @ts-expect-error a reply with a body cannot be nothing
  @Operation('getMeter')
  nothing(): undefined {
    return undefined;
  }

  // @ts-expect-error a reply without a body cannot be something
  @Operation('deleteMeter')
  something(): { deleted: boolean } {
    return { deleted: true };
  }
}

export function refusedParts(list: OpRequest<'listPlans'>, features: OpRequest<'listFeatures'>): unknown[] {
  return [
    // @ts-expect-error no such parameter
    list.query.nonsense,
    // @ts-expect-error the operation has no body
    list.body.anything,
    // @ts-expect-error its absence chooses the reply's shape, so no default is filled
    features.query.page satisfies number,
  ];
}
