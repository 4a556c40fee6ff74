import { errnoOf } from '@ledgerline/embedded';
import { newSealingKey } from '@ledgerline/platform/secrets';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instance } from './plan-instance.js';

export const sealingKeyFile = 'secret.key';

/**
 * The keys that seal this instance's secrets: those of the configuration, and the one made at the first start, which stays because
 * it opens what it sealed.
 */
export async function sealingKeys(instance: Instance): Promise<string> {
  const { keys } = instance.config.secrets;
  const own = await ownKey(join(instance.dataDir, sealingKeyFile));
  return keys === '' ? own : `${keys},${own}`;
}

async function ownKey(path: string): Promise<string> {
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
