import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone this code runs from; src/ and dist/ lie equally deep, so one answer fits both. */
export const repositoryRoot = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** Where fetched jars and extracted binaries live; shared by every instance of this clone. */
export const cacheDir = (): string =>
  resolve(process.env['LEDGERLINE_CACHE'] ?? join(repositoryRoot, '.ledgerline', 'cache'));

/** Creates a directory only its owner can enter: it holds billing data or code we execute. */
export async function privateDir(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}
