import type { Clock } from '@ledgerline/kernel';
import type { Platform } from '@ledgerline/platform/nest';
import { PostgresKeyLookup } from './store/postgres-key-lookup.js';
import { Authenticate } from './use-cases/authenticate.js';

/** For `auth.mode: api-key`: what the HTTP layer asks before each operation. */
export const createAuthentication = (platform: Pick<Platform, 'postgres'>, clock: Clock): Authenticate =>
  new Authenticate(new PostgresKeyLookup(platform.postgres), clock);
