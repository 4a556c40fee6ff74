export type { Admin, Kafka } from 'kafkajs';
export { CompactedPublisher } from './compacted-publisher.js';
export { type CompactedFollower, type CompactedRecord, followCompacted } from './follow-compacted.js';
export { readGroupLag } from './group-lag.js';
export { LogEnds } from './log-ends.js';
export {
  type Chunk,
  Lane,
  type LaneAttempt,
  LaneFault,
  type LaneFaultKind,
  type LaneOptions,
} from './lane.js';
export { type LaneKafkaOptions, openLaneKafka, openRecordProducer } from './lane-kafka.js';
export {
  type OpenRecordProducer,
  ProducerSupply,
  type ProducerSupplyOptions,
  type RecordProducer,
  within,
} from './lane-producer.js';
export { LaneSet, type LaneSetOptions, type PartitionChunk } from './lane-set.js';
export { NoticeConsumer, type NoticeConsumerOptions } from './notice-consumer.js';
export { NoticeErrors } from './notice-errors.js';
export { KafkaNoticePublisher } from './notice-publisher.js';
export { NoticeTransport, type NoticeTransportOptions } from './notice-transport.js';
export { fetchWaitMs, kafkaRetry, type KafkaOptions, openKafka } from './open-kafka.js';
export { ensureTopics, type TopicOptions, type Topics, topicsOf } from './topics.js';
