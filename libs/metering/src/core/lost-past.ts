import { type Instant, type Refusal, refusal, toRfc3339 } from '@ledgerline/kernel';
import type { Meter } from './meter.js';

/** What retention took away. */
export interface LostPast {
  /** Since when all events are there, where the meter has counted some that are not; undefined where it has not. */
  eventsCompleteSince(
    meter: Pick<Meter, 'id'> & { readonly namespace: string },
  ): Promise<Instant | undefined>;
}

/** Another group is filled in from events: usage whose events are gone would silently leave every answer. */
export const refuseGroupsWithoutPast = (slug: string, since: Instant): Refusal =>
  refusal.conflict(
    `meter ${slug} has counted events that retention has removed since (all are there from ${toRfc3339(since)} on), so its ` +
      'groups cannot change without losing that usage; create another meter with the new groups',
  );
