export { isClaimed, isRunningOn } from './claim.js';
export { startClickhouse, type ClickhouseOptions } from './clickhouse.js';
export {
  launch as launchProgram,
  tail,
  type EngineExit,
  type EngineOptions,
  type EngineProgram,
  type RunningEngine,
} from './engine.js';
export { EngineFault, errnoOf, reasonOf } from './fault.js';
export { startKafka, type KafkaOptions } from './kafka.js';
export { findPostgresUrl, startPostgres, type PostgresOptions } from './postgres.js';
export { startRedis, type RedisOptions } from './redis.js';
export { fetchJars } from './jars.js';
export { freePortBlock, isPortFree, LOOPBACK, requirePort } from './ports.js';
export { endProcess, isAlive, portHolder } from './processes.js';
export { cacheDir, repositoryRoot } from './paths.js';
