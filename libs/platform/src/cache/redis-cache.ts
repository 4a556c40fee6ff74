import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Cache, CacheSpace } from './cache.js';

export interface RedisCacheOptions {
  readonly url: string;
  readonly keyPrefix: string;
  readonly logger: Logger;
}

// A cache that answers later than this is slower than doing without it.
const commandTimeoutMs = 1_000;

/** A cache that all processes of an instance share. */
export class RedisCache implements Cache {
  private readonly connection: Redis;

  constructor(private readonly options: RedisCacheOptions) {
    this.connection = new Redis(options.url, {
      lazyConnect: true, // most processes never ask it
      maxRetriesPerRequest: 1,
      commandTimeout: commandTimeoutMs,
    });
    // Without a listener a broken connection would end the process; the client connects again by itself.
    this.connection.on('error', (error) =>
      options.logger.warn({ err: error }, 'Redis connection of the cache'),
    );
  }

  async get(space: CacheSpace, key: string): Promise<string | undefined> {
    return (await this.connection.get(this.entry(space, key))) ?? undefined;
  }

  async put(space: CacheSpace, key: string, text: string): Promise<void> {
    const [entry, index] = [this.entry(space, key), this.index(space)];
    const [, , , crowd] = (await this.connection
      .multi()
      .set(entry, text, 'PX', space.ttlMs)
      .zadd(index, Date.now(), entry)
      .pexpire(index, space.ttlMs)
      .zcard(index)
      .exec()) ?? [[], [], [], [null, 0]];
    const over = Number(crowd?.[1] ?? 0) - space.entriesMax;
    if (over <= 0) return;
    // Score and member by turns. A process that dies in between leaves entries that their time limit removes.
    const popped = await this.connection.zpopmin(index, over);
    await this.connection.del(...popped.filter((_, at) => at % 2 === 0));
  }

  close(): void {
    this.connection.disconnect();
  }

  private entry(space: CacheSpace, key: string): string {
    return `${this.base(space)}entry:${key}`;
  }

  private index(space: CacheSpace): string {
    return `${this.base(space)}index`;
  }

  /** Lengths go first, so that no path and no key can be read as another's. */
  private base({ path }: CacheSpace): string {
    return `${this.options.keyPrefix}:cache:${path.map((part) => `${part.length}:${part}:`).join('')}`;
  }
}
