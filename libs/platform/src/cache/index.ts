export type { Cache, CacheSpace } from './cache.js';
export { RedisCache } from './redis-cache.js';
