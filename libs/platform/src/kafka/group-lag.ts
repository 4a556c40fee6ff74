import type { Admin } from 'kafkajs';

/** Records of the topic that the group has not yet committed. */
export async function readGroupLag(admin: Admin, topic: string, groupId: string): Promise<bigint> {
  const [ends, [committed]] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId, topics: [topic] }),
  ]);
  let lag = 0n;
  for (const { partition, low, high } of ends) {
    const offset = committed?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
    // A group that never committed has everything before it.
    lag += BigInt(high) - (offset === '-1' ? BigInt(low) : BigInt(offset));
  }
  return lag;
}
