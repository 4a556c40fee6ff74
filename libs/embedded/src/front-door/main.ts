import { loadConfig } from '@ledgerline/platform/config';
import { openAccessLog } from './access-log.js';
import { createFrontDoor } from './front-door.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const config = loadConfig({ env: process.env });
  const { accessLog: accessLogPath, host, ingestUrl, billingUrl } = config.frontDoor;
  const accessLog = accessLogPath === '' ? undefined : openAccessLog(accessLogPath, say);
  const app = await createFrontDoor({
    ingestUrl,
    billingUrl,
    bodyMaxBytes: { ingest: config.ingest.bodyMaxBytes, billing: config.billing.bodyMaxBytes },
    ...(accessLog && { accessLog }),
    onFailure: say,
  });
  await app.listen({ host, port: config.instance.port });
  const stop = (): void => {
    app
      .close()
      .then(() => accessLog?.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          say(String(error));
          process.exit(1);
        },
      );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
