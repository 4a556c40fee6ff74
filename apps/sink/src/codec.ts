import { decodeUsageRecord, MalformedUsageRecord, usageFingerprint } from '@ledgerline/contract';
import type { SinkCodec } from '@ledgerline/sink';
import xxhash from 'xxhash-wasm';

const hashes = await xxhash();

/** How records are read and recognised. */
export const codec: SinkCodec = {
  decode: decodeUsageRecord,
  isMalformed: (error) => error instanceof MalformedUsageRecord,
  fingerprintOf: usageFingerprint,
  fingerprintOfBytes: (bytes) => hashes.h64Raw(bytes),
};
