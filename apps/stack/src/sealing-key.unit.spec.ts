import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSealer, newSealingKey } from '@ledgerline/platform/secrets';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planInstance } from './plan-instance.js';
import { readArguments } from './read-arguments.js';
import { sealingKeyFile, sealingKeys } from './sealing-key.js';

describe('the keys that seal secrets', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ledgerline-key-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));
  const keys = (configured = ''): Promise<string> =>
    sealingKeys(
      planInstance(readArguments(['start', '--data', dataDir]), { LEDGERLINE_SECRETS_KEYS: configured }),
    );

  it('are made once, for the owner alone', async () => {
    const first = await keys();
    expect(await keys()).toBe(first);
    const path = join(dataDir, sealingKeyFile);
    expect((await readFile(path, 'utf8')).trim()).toBe(first);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('of the configuration seal, and the first one still opens what it sealed', async () => {
    const sealed = createSealer(await keys()).seal('a', 'secret');
    const configured = newSealingKey();
    const both = await keys(configured);
    expect(createSealer(both).open('a', sealed)).toBe('secret');
    expect(createSealer(configured).open('a', createSealer(both).seal('a', 'new'))).toBe('new');
  });
});
