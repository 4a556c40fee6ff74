import { type Clock, type Instant, instant, latest, toRfc3339 } from '@ledgerline/kernel';
import {
  type CompactedFollower,
  CompactedPublisher,
  followCompacted,
  type Kafka,
} from '@ledgerline/platform/kafka';

const clockKey = 'now';

/** Tells the time to the services that have no database. */
export class ClockTopic {
  private readonly publisher: CompactedPublisher;

  constructor(kafka: Kafka, topic: string) {
    this.publisher = new CompactedPublisher(kafka, topic);
  }

  publish(now: Instant): Promise<void> {
    return this.publisher.publish(clockKey, toRfc3339(now));
  }

  close(): Promise<void> {
    return this.publisher.close();
  }
}

/** Virtual time as ingest and sink see it. */
export interface FollowedClock extends Clock {
  /** Call before taking `now()` for an event: makes sure that a move which has been answered is seen. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Follows the topic `clock`; resolves once the time has been read. Only for `clock.mode: virtual`. */
export async function followClock(kafka: Kafka, topic: string): Promise<FollowedClock> {
  let current: Instant | undefined;
  const follower: CompactedFollower = await followCompacted(kafka, topic, ({ key, value }) => {
    if (key !== clockKey || value === null) return;
    const told = instant(value);
    current = current === undefined ? told : latest(current, told);
  });
  await follower.caughtUp();
  return {
    now: () => {
      if (current === undefined)
        throw new Error('virtual time has not been published: has the billing api started?');
      return current;
    },
    caughtUp: () => follower.caughtUp(),
    close: () => follower.close(),
  };
}
