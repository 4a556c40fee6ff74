import type { Config } from '@ledgerline/platform/config';
import type { Running } from '@ledgerline/platform/main';
import {
  type Check,
  createMetrics,
  Histogram,
  type Registry,
  startTelemetryServer,
} from '@ledgerline/platform/telemetry';
import { openAccessLog } from './access-log.js';
import { createFrontDoor, type Served } from './front-door.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

// Below the patience of the telemetry server's own checks.
const probeTimeoutMs = 2_000;

/** Opens the door of one instance. */
export async function startFrontDoor(config: Config): Promise<Running> {
  const { accessLog: accessLogPath, host, ingestUrl, billingUrl } = config.frontDoor;
  const accessLog = accessLogPath === '' ? undefined : openAccessLog(accessLogPath, say);
  const registry = createMetrics('front-door');
  const app = await createFrontDoor({
    ingestUrl,
    billingUrl,
    bodyMaxBytes: { ingest: config.ingest.bodyMaxBytes, billing: config.billing.bodyMaxBytes },
    ...(accessLog && { accessLog }),
    onServed: observer(registry),
    onFailure: say,
  });
  await app.listen({ host, port: config.instance.port });
  const telemetry = await startTelemetryServer({
    host: config.telemetry.host,
    port: config.frontDoor.telemetryPort,
    registry,
    checks: [answers('ingest', ingestUrl), answers('billing', billingUrl)],
  });
  return {
    close: async () => {
      await app.close();
      await accessLog?.close();
      await telemetry.close();
    },
  };
}

function observer(registry: Registry): (served: Served) => void {
  const seconds = new Histogram({
    name: 'ledgerline_front_door_request_seconds',
    help: 'Time of a request at the door, by the service it went to and class of status.',
    labelNames: ['to', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return ({ to, status, durationMs }) => {
    seconds.observe({ to, status: `${Math.floor(status / 100)}xx` }, durationMs / 1000);
  };
}

/** Any answer will do: whether a service can do its work is its own readiness. */
const answers = (name: string, url: string): Check => ({
  name,
  run: async () => {
    const reply = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(probeTimeoutMs) });
    await reply.body?.cancel();
    return undefined;
  },
});
