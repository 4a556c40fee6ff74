export { ENGINES_VARIABLE, sharedEngines, type EngineAddresses } from './addresses.js';
export { fixedClock, type FixedClock } from './clock.js';
export { startEngines, type EngineName, type TestEngines } from './engines.js';
export { eventually, NotYet } from './eventually.js';
export { FaultProxy, type Mishap } from './fault-proxy.js';
export { isolated, type Isolated } from './isolated.js';
export { killAtRename } from './kill-at-rename.js';
export { makeNaive, type NaiveMode, prepareNaive } from './naive-insert.js';
export { type Answer, RoomWorld } from './room-world.js';
export { restartable, type Restartable } from './restartable.js';
export { seeded } from './seeded.js';
export {
  freePortBlock,
  type RunningEngine,
  startClickhouse,
  startKafka,
  startPostgres,
  startRedis,
} from '@ledgerline/embedded';
export { WebhookReceiver } from './webhook-receiver.js';
export { spawnService, type RunningService, type ServiceOptions } from './services.js';
