// Makes a fresh clone ready (install, build), then hands over to a compiled command:
//   node tools/launch.mjs apps/stack/dist/main.js start --port 8888
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
ensureInstalled();
// Imported late: on a fresh clone the compiler is installed only a moment ago.
const { build } = await import('./build.mjs');
await build();

const [entry, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--enable-source-maps', join(root, entry), ...args], {
  stdio: 'inherit',
});
// Ctrl-C reaches the whole foreground group; a plain kill reaches this process only and is passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
