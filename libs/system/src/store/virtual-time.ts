import { invariant, type UnitOfWork } from '@ledgerline/kernel';
import type { LiveClock } from '@ledgerline/platform';
import { type Admin, topicsOf } from '@ledgerline/platform/kafka';
import { noticesGroupOf, type Platform, relayName } from '@ledgerline/platform/nest';
import { ClockTopic } from './clock-topic.js';
import { InstanceSurroundings } from './instance-surroundings.js';
import { PostgresClock } from './postgres-clock.js';

/** What an api process needs to move the time: open while the process runs. */
export class VirtualTime {
  readonly surroundings: InstanceSurroundings;
  private readonly topic: ClockTopic;
  private readonly admin: Admin;

  constructor(clock: PostgresClock, platform: Platform, unitOfWork: UnitOfWork) {
    const topics = topicsOf(platform.config.kafka.topicPrefix);
    this.topic = new ClockTopic(platform.kafka, topics.clock);
    this.admin = platform.kafka.admin();
    this.surroundings = new InstanceSurroundings({
      postgres: platform.postgres,
      unitOfWork,
      clock,
      topic: this.topic,
      dueWork: platform.dueWork,
      queue: platform.queue,
      kafkaAdmin: this.admin,
      noticesTopic: topics.notices,
      noticesGroup: noticesGroupOf(platform.config.kafka.topicPrefix),
      relay: relayName,
    });
  }

  static of(platform: Platform, clock: LiveClock, unitOfWork: UnitOfWork): VirtualTime | null {
    if (platform.config.clock.mode === 'system') return null;
    invariant(clock instanceof PostgresClock, 'virtual time needs the clock that openClock() made');
    return new VirtualTime(clock, platform, unitOfWork);
  }

  /** Tells the time to ingest and sink, which may have started before us or missed the last move. */
  async open(): Promise<void> {
    await this.admin.connect();
    // Alone, or a slow start would publish a time that a move has just left behind. A mover publishes by itself.
    await this.surroundings.whileAlone(async () => this.topic.publish(await this.surroundings.now()));
  }

  async close(): Promise<void> {
    await Promise.all([this.topic.close(), this.admin.disconnect()]);
  }
}
