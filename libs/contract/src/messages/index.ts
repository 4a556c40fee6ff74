export {
  closeUsageRecord,
  decodeUsageRecord,
  encodeUsageRecord,
  encodeUsageTuples,
  MalformedUsageRecord,
  USAGE_RECORD_VERSION,
  type UsageEvent,
  type UsageTuple,
} from './usage-record.js';
export { usageFingerprint, usagePartition } from './usage-identity.js';
