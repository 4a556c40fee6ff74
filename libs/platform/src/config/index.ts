export { ConfigError, type ConfigSource, loadConfig } from './load-config.js';
export { aggregations, type Config, type MeterConfig, sections } from './schema.js';
