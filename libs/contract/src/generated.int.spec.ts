import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const generator = fileURLToPath(new URL('../../../tools/generate.mjs', import.meta.url));

it('the generated files are those of the documents', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [generator, '--check']);
  expect(stdout).toBe('generate: 0 files differ\n');
}, 60_000);
