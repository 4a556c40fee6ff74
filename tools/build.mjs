// Compiles every lib's and app's TypeScript to its own dist/ with swc; types are checked by `npm run types`.
// Skips files whose output is newer than the source, so a warm start pays for a directory walk only.
import { transformFile } from '@swc/core';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

export const swcOptions = {
  sourceMaps: true,
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    // Dependencies are named by @Inject(TOKEN), so no type metadata is emitted.
    transform: { legacyDecorator: true, decoratorMetadata: false },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

const isCompiled = (name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.endsWith('.spec.ts');

const missing = (error) => {
  if (error.code !== 'ENOENT') throw error;
};

async function walk(dir, wanted) {
  const entries = (await readdir(dir, { withFileTypes: true }).catch(missing)) ?? [];
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return walk(path, wanted);
      return wanted(entry.name) ? [path] : [];
    }),
  );
  return found.flat();
}

async function compile(source, target) {
  const [from, to] = await Promise.all([stat(source), stat(target).catch(missing)]);
  if (to !== undefined && to.mtimeMs > from.mtimeMs) return false;
  const { code, map } = await transformFile(source, { ...swcOptions, cwd: root, swcrc: false });
  await mkdir(dirname(target), { recursive: true });
  const name = target.slice(target.lastIndexOf('/') + 1);
  await writeFile(`${target}.map`, map);
  await writeFile(target, `${code}\n//# sourceMappingURL=${name}.map\n`);
  return true;
}

async function buildPackage(dir, stale) {
  const src = join(dir, 'src');
  const dist = join(dir, 'dist');
  if (stale) await rm(dist, { recursive: true, force: true });
  const sources = await walk(src, isCompiled);
  const targets = new Map(
    sources.map((source) => [join(dist, relative(src, source)).replace(/\.ts$/, '.js'), source]),
  );
  // A renamed source must not leave its old output behind for an import to find.
  for (const old of await walk(dist, (name) => name.endsWith('.js'))) {
    if (!targets.has(old)) await rm(old);
  }
  const written = await Promise.all([...targets].map(([target, source]) => compile(source, target)));
  return written.filter(Boolean).length;
}

/** Compiles what changed. Returns the number of files written. */
export async function build() {
  const version = createHash('sha256')
    .update(await readFile(fileURLToPath(import.meta.url)))
    .digest('hex');
  const stampPath = join(root, '.nx', 'build-stamp');
  const stale = (await readFile(stampPath, 'utf8').catch(missing)) !== version;
  let written = 0;
  for (const group of ['libs', 'apps']) {
    for (const entry of await readdir(join(root, group), { withFileTypes: true })) {
      if (entry.isDirectory()) written += await buildPackage(join(root, group, entry.name), stale);
    }
  }
  await mkdir(dirname(stampPath), { recursive: true });
  await writeFile(stampPath, version);
  return written;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const written = await build();
  console.log(`build: ${written} files written in ${Math.round(performance.now() - started)} ms`);
}
