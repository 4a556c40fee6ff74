import { registerDocs } from '@ledgerline/contract';
import { createAuthentication } from '@ledgerline/namespaces';
import type { LiveClock, Room } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { createHttpApp, type HttpOptions } from '@ledgerline/platform/http';
import type { Running } from '@ledgerline/platform/main';
import { engineChecks, openPlatform, type Platform } from '@ledgerline/platform/nest';
import { openTraces, startTelemetryServer } from '@ledgerline/platform/telemetry';
import { openClock } from '@ledgerline/system';
import { AppModule } from './app.module.js';
import type { Binding } from './bindings.js';
import { rooms as allRooms } from './rooms.js';

export interface StartOptions {
  /** Other than the app's own only in its tests. */
  readonly rooms?: readonly Room[];
  readonly bindings?: readonly Binding[];
}

export interface RunningApi extends Running {
  readonly url: string;
}

/** Where web pages of end customers ask with a portal token. */
const portalPath = '/api/v1/portal/meters';

/** Starts the api role: answers HTTP, runs no jobs. */
export async function startApi(config: Config, options: StartOptions = {}): Promise<RunningApi> {
  const { platform, clock } = await open(config, 'billing-api', options);
  const traces = await openTraces({
    service: 'billing-api',
    endpoint: config.telemetry.tracesEndpoint,
    sampleRatio: config.telemetry.tracesSampleRatio,
    logger: platform.logger,
    registry: platform.metrics,
  });
  const app = await createHttpApp(AppModule.forRoot({ platform, clock, ...options }), {
    logger: platform.logger,
    bodyMaxBytes: config.billing.bodyMaxBytes,
    clock,
    ...(config.auth.mode === 'api-key' && { authenticate: authenticationOf(platform, clock) }),
    webPagePaths: config.portal.corsEnabled ? [portalPath] : [],
    telemetry: { registry: platform.metrics, traces },
    validateReplies: process.env['NODE_ENV'] !== 'production',
  });
  registerDocs(app.getHttpAdapter().getInstance());
  await app.listen({ host: config.billing.host, port: config.billing.port });
  const engines = engineChecks(platform);
  const telemetry = await startTelemetryServer({
    host: config.telemetry.host,
    port: config.billing.telemetryPort,
    checks: engines.checks,
    registry: platform.metrics,
  });
  const url = await app.getUrl();
  platform.logger.info({ url }, 'billing api listens');
  return {
    url,
    close: async () => {
      await app.close();
      await traces?.close();
      await telemetry.close();
      await engines.close();
      await platform.close();
    },
  };
}

function authenticationOf(platform: Platform, clock: LiveClock): HttpOptions['authenticate'] {
  const authentication = createAuthentication(platform, clock);
  return (operation, authorization) => authentication.run(operation, authorization);
}

/** Engines and clock of a billing process. */
export async function open(
  config: Config,
  service: string,
  options: StartOptions,
): Promise<{ platform: Platform; clock: LiveClock }> {
  const rows = (options.rooms ?? allRooms).flatMap((room) => room.rows ?? []);
  const platform = await openPlatform(config, service, rows);
  try {
    return { platform, clock: await openClock(config.clock.mode, platform.postgres) };
  } catch (error) {
    await platform.close();
    throw error;
  }
}
