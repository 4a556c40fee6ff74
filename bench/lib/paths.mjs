import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Not in git. */
export const reportFile = join(root, '.nx', 'reports', 'bench.json');
