import { describe, expect, it } from '@jest/globals';
import { closeUsageRecord, decodeUsageRecord, usagePartition, type UsageTuple } from '@ledgerline/contract';
import { chunkEvents, EVENT_BYTES_MAX, RECORD_BYTES_MAX } from './chunk-events.js';

const tuple = (id: string, data: string | null = null): UsageTuple => [
  'ns',
  1,
  id,
  's',
  't',
  'u',
  2,
  data,
  null,
];
function chunksOf(tuples: readonly UsageTuple[], partitions = 4) {
  const decision = chunkEvents(tuples, partitions);
  if (decision.refused !== undefined) throw new Error(decision.refused.detail);
  return decision.accepted;
}

describe('chunkEvents', () => {
  it('puts every event into the chunk of its own partition, in order', () => {
    const tuples = Array.from({ length: 100 }, (_, n) => tuple(`e${n}`));
    const chunks = chunksOf(tuples);
    expect(chunks.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
    for (const chunk of chunks) {
      const ids = decodeUsageRecord(closeUsageRecord([chunk.text])).map((event) => event.id);
      expect(ids).toEqual(
        tuples.map(([, , id]) => id).filter((id) => usagePartition('ns', 's', id, 4) === chunk.partition),
      );
      expect(chunk.events).toBe(ids.length);
      expect(chunk.bytes).toBe(Buffer.byteLength(chunk.text) + 1);
    }
  });

  it('counts bytes, not characters', () => {
    const [chunk] = chunksOf([tuple('é😀')]);
    expect(chunk?.bytes).toBe(Buffer.byteLength(chunk?.text ?? '') + 1);
  });

  it('splits a chunk that would make a record too large', () => {
    const data = JSON.stringify({ text: 'x'.repeat(100_000) });
    const chunks = chunksOf(
      Array.from({ length: 20 }, (_, n) => tuple(`e${n}`, data)),
      1,
    );
    expect(chunks).toHaveLength(20);
    for (const { bytes } of chunks) expect(bytes).toBeLessThan(RECORD_BYTES_MAX);
  });

  it('refuses an event that no broker would take, and names it', () => {
    const decision = chunkEvents([tuple('a'), tuple('b', 'x'.repeat(EVENT_BYTES_MAX))], 4);
    expect(decision.refused?.kind).toBe('too-large');
    expect(decision.refused?.issues?.map(({ field }) => field)).toEqual(['$[1]']);
    const alone = chunkEvents([tuple('b', 'x'.repeat(EVENT_BYTES_MAX))], 4);
    expect(alone.refused?.issues?.map(({ field }) => field)).toEqual(['$']);
  });
});
