import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { usageFingerprint, usagePartition } from './usage-identity.js';
import { decodeUsageRecord, encodeUsageRecord, type UsageEvent } from './usage-record.js';

interface Sample {
  readonly record: string;
  readonly events: readonly UsageEvent[];
  readonly identities: readonly { fingerprint: string; partitionOf4: number; partitionOf16: number }[];
}

// A topic outlives a release: what version 1 wrote must be read, routed and recognised by every later one.
const sample = JSON.parse(
  readFileSync(new URL('__golden__/usage-record-v1.json', import.meta.url), 'utf8'),
) as Sample;

describe('a version 1 record from the past', () => {
  it('is read', () => {
    expect(decodeUsageRecord(Buffer.from(sample.record))).toEqual(sample.events);
  });

  it('is what we still write', () => {
    expect(encodeUsageRecord(sample.events).toString()).toBe(sample.record);
  });

  it('keeps its fingerprints and partitions', () => {
    const identities = sample.events.map(({ namespace, source, id }) => ({
      fingerprint: usageFingerprint(namespace, source, id).toString(),
      partitionOf4: usagePartition(namespace, source, id, 4),
      partitionOf16: usagePartition(namespace, source, id, 16),
    }));
    expect(identities).toEqual(sample.identities);
  });
});
