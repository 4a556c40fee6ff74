export { type CompactedFollower, type CompactedRecord, followCompacted } from './follow-compacted.js';
export { readGroupLag } from './group-lag.js';
export { NoticeConsumer, type NoticeConsumerOptions } from './notice-consumer.js';
export { NoticeErrors } from './notice-errors.js';
export { KafkaNoticePublisher } from './notice-publisher.js';
export { NoticeTransport, type NoticeTransportOptions } from './notice-transport.js';
export { kafkaRetry, type KafkaOptions, openKafka } from './open-kafka.js';
export { ensureTopics, type TopicOptions, type Topics, topicsOf } from './topics.js';
