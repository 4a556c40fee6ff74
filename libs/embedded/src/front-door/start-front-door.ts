import type { Config } from '@ledgerline/platform/config';
import type { Running } from '@ledgerline/platform/main';
import { openAccessLog } from './access-log.js';
import { createFrontDoor } from './front-door.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Opens the door of one instance. */
export async function startFrontDoor(config: Config): Promise<Running> {
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
  return {
    close: async () => {
      await app.close();
      await accessLog?.close();
    },
  };
}
