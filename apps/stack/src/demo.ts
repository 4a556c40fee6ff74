import { EngineFault, freePortBlock, reasonOf } from '@ledgerline/embedded';
import { ConfigError } from '@ledgerline/platform/config';
import { join } from 'node:path';
import { resetDataDir } from './data-dir.js';
import { DemoApi } from './demo-api.js';
import { tellStory } from './demo-story.js';
import { planInstance } from './plan-instance.js';
import { startInstance } from './start-instance.js';

// An instance has a base port and twelve more.
const portsPerInstance = 13;

const say = (line: string): void => {
  console.log(line);
};

/** Runs the story on an instance of its own, beside whatever else runs here, and removes it afterwards. */
async function main(): Promise<number> {
  const port = await freePortBlock(portsPerInstance);
  const args = { command: 'start', port, dataDir: '.ledgerline/demo', help: false } as const;
  const env = { ...process.env, LEDGERLINE_CLOCK_MODE: 'virtual' };
  const instance = planInstance(args, env);
  await resetDataDir(instance.dataDir);
  say('The demo starts an instance of its own, with a clock that can be moved.\n');
  const running = await startInstance(instance, { env, say });
  const interrupted = new Promise<never>((_resolve, reject) => {
    process.once('SIGINT', () => {
      reject(new Error('interrupted'));
    });
    process.once('SIGTERM', () => {
      reject(new Error('interrupted'));
    });
  });
  const broken = running.failed.then((line) => Promise.reject(new Error(line)));
  try {
    const { baseUrl } = running;
    const accessLog = join(instance.logDir, 'access.log');
    const story = tellStory({ api: new DemoApi(baseUrl), baseUrl, accessLog, say });
    await Promise.race([story, interrupted, broken]);
    say('\nThat was the whole way: request → event → meter → grant → invoice → paid.');
    return 0;
  } finally {
    say('\nStopping and removing the demo …');
    await running.stop();
    await resetDataDir(instance.dataDir);
  }
}

try {
  process.exit(await main());
} catch (error) {
  const known = error instanceof EngineFault || error instanceof ConfigError;
  console.error(known ? error.message : reasonOf(error));
  process.exit(1);
}
