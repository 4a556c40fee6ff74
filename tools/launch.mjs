// Makes a fresh clone ready (install, build), then hands over to a compiled command:
//   node tools/launch.mjs apps/stack/dist/main.js start --port 8888
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
ensureInstalled();
// In a process of its own: the compiler's memory would otherwise stay with us for as long as everything runs.
const built = spawnSync(process.execPath, [join(root, 'tools/build.mjs')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (built.status !== 0) process.exit(1);

const [entry, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--enable-source-maps', join(root, entry), ...args], {
  stdio: 'inherit',
});
// Ctrl-C reaches the whole foreground group; a plain kill reaches this process only and is passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
