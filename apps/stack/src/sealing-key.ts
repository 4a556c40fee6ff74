import { errnoOf } from '@ledgerline/embedded';
import { newSealingKey } from '@ledgerline/platform/secrets';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instance } from './plan-instance.js';

export const sealingKeyFile = 'secret.key';

/** The keys that seal this instance's secrets: those of the configuration, or one made at the first start and kept. */
export async function sealingKeys({ config, dataDir }: Instance): Promise<string> {
  if (config.secrets.keys !== '') return config.secrets.keys;
  const path = join(dataDir, sealingKeyFile);
  try {
    // `wx` refuses to replace: a second key would make the first one's secrets unreadable.
    const key = newSealingKey();
    await writeFile(path, key, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return (await readFile(path, 'utf8')).trim();
  }
}
