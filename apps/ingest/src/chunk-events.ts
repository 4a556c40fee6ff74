import { encodeUsageTuples, usagePartition, type UsageTuple } from '@ledgerline/contract';
import { type Decision, refusal } from '@ledgerline/kernel';
import type { PartitionChunk } from '@ledgerline/platform/kafka';

/** A record is closed before it grows over this: half of what a broker takes by default, so that a few large chunks fit too. */
export const RECORD_BYTES_MAX = 512 * 1024;
/** Kafka takes records of 1 MiB by default, and an event cannot be split. */
export const EVENT_BYTES_MAX = 768 * 1024;

/** Encodes the events of one request, apart for each partition they belong to. */
export function chunkEvents(
  tuples: readonly UsageTuple[],
  partitions: number,
): Decision<readonly PartitionChunk[]> {
  const buckets: (UsageTuple[] | undefined)[] = [];
  for (const tuple of tuples) {
    const partition = usagePartition(tuple[0], tuple[3], tuple[2], partitions);
    const bucket = buckets[partition];
    if (bucket === undefined) buckets[partition] = [tuple];
    else bucket.push(tuple);
  }
  const chunks: PartitionChunk[] = [];
  for (let partition = 0; partition < buckets.length; partition += 1) {
    const bucket = buckets[partition];
    if (bucket === undefined) continue;
    const chunk = encode(bucket, partition);
    if (chunk.bytes <= RECORD_BYTES_MAX) chunks.push(chunk);
    // Rare: large events. Each travels as a chunk of its own, and the lane packs them anew.
    else chunks.push(...bucket.map((tuple) => encode([tuple], partition)));
  }
  if (chunks.every(({ bytes }) => bytes <= EVENT_BYTES_MAX)) return { accepted: chunks };
  return { refused: refuseLarge(tuples, partitions) };
}

function encode(tuples: readonly UsageTuple[], partition: number): PartitionChunk {
  const text = encodeUsageTuples(tuples);
  // One more for the comma or bracket beside it.
  return { partition, text, events: tuples.length, bytes: Buffer.byteLength(text) + 1 };
}

function refuseLarge(tuples: readonly UsageTuple[], partitions: number) {
  const message = `takes more than ${EVENT_BYTES_MAX} bytes once encoded`;
  const issues = tuples.flatMap((tuple, index) =>
    encode([tuple], partitions).bytes <= EVENT_BYTES_MAX
      ? []
      : [
          {
            code: 'event_too_large',
            message,
            field: tuples.length === 1 ? '$' : `$[${index}]`,
            severity: 'critical' as const,
          },
        ],
  );
  return refusal.tooLarge(`an event ${message}`, { issues });
}
