export type { MeterUse } from './decide-meter.js';
export { type JsonPath, parseJsonPath } from './json-path.js';
export { type Aggregation, aggregations, type GroupBy, type Meter } from './meter.js';
export type { CustomerKeys, WindowSize } from './meter-query.js';
export { readStringFilter, type StringFilter, type StringFilterInput } from './string-filter.js';
