import { freePortBlock } from '@ledgerline/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planInstance } from '../src/plan-instance.js';
import { startInstance } from '../src/start-instance.js';

/** A whole instance of a spec's own: engines, services, front door. */
export interface OwnInstance {
  readonly baseUrl: string;
  readonly dataDir: string;
  readonly port: number;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Starts one on free ports with an empty data directory; `settings` are environment variables. */
export async function openInstance(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnInstance> {
  const dataDir = await mkdtemp(join(tmpdir(), `ledgerline-${name}-`));
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const port = await freePortBlock(13);
    const env = { ...process.env, ...settings };
    const plan = planInstance({ command: 'start', port, dataDir, help: false }, env);
    const instance = await startInstance(plan, { env, say: () => undefined });
    const close = async (): Promise<void> => {
      await instance.stop();
      await remove();
    };
    return { baseUrl: instance.baseUrl, dataDir, port, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
