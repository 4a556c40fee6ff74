export type { MeterUse } from './core/decide-meter.js';
export { type Aggregation, type Meter, aggregations } from './core/meter.js';
export type { CustomerKeys, WindowSize } from './core/meter-query.js';
export {
  METER_USE,
  type MeterStore,
  type MeterUseLookup,
  SUBJECT_NAMES,
  type SubjectNamesLookup,
  USAGE_ATTRIBUTION,
  type UsageAttributionLookup,
} from './core/ports.js';
export type { StringFilterInput } from './core/string-filter.js';
export { instantFromApi, meterQueryFromApi } from './http/convert.js';
export type { MeterQueryInput } from './core/read-meter-query.js';
export { MeteringModule, meteringRoom } from './metering.module.js';
export { openReadingsBuilder } from './open-readings.js';
export { openVerification } from './open-verification.js';
export { openRetention, type RetentionOutcome, type RetentionSettings } from './open-retention.js';
export {
  DECLARE_METERS,
  METER_STORE,
  QUERY_USAGE,
  QUERY_USAGE_BY_GROUP,
  READ_METERS,
  TRACK_PROGRESS,
} from './tokens.js';
export { BuildReadings } from './use-cases/build-readings.js';
export type { DeclareMeters } from './use-cases/declare-meters.js';
export type { QueryUsage, UsageOfPeriod, UsageOfWindow, UsageQuestion } from './use-cases/query-usage.js';
export type {
  GroupedUsage,
  GroupedUsageQuestion,
  QueryUsageByGroup,
  UsagePart,
} from './use-cases/query-usage-by-group.js';
export type { ReadMeters } from './use-cases/read-meters.js';
export type { UsageVerified } from './use-cases/verify-usage.js';
export type { TrackProgress } from './use-cases/track-progress.js';
