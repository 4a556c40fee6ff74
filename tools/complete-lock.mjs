// Run after `npm install`: names in package-lock.json the optional platform packages that npm left out because the
// registry in use did not serve them. Without their names `npm ci` calls the lockfile out of date and refuses.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));

const systems = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony', 'sunos', 'aix'];
const processors = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el'];

/** What a platform package's name says about where it installs; undefined when it is no such name. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  return os === undefined || cpu === undefined ? undefined : { os: [os], cpu: [cpu] };
}

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const platform = platformOf(name);
    const nested = `${place}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (platform === undefined || lock.packages[nested] || lock.packages[hoisted]) continue;
    if (!/^\d/.test(version))
      throw new Error(`${name}: ${version} is a range, and only the registry knows what is in it`);
    lock.packages[hoisted] = { version, ...platform, ...(entry.dev && { dev: true }), optional: true };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  // npm's own order: the root first, then by name.
  Object.entries(lock.packages).sort(([a], [b]) => (a === '' ? -1 : b === '' ? 1 : a.localeCompare(b, 'en'))),
);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} platform packages named`);
