export {
  type ClickHouseClient,
  type ClickHouseOptions,
  findClickHouseTrouble,
  openClickHouse,
  snapshotSettings,
} from './open-clickhouse.js';
export { watchTables } from './table-metrics.js';
