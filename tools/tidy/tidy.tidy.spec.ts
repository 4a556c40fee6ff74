// House rules that a regular expression can hold: each says in its name what it keeps out.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

interface Source {
  readonly path: string;
  readonly text: string;
}

const isSource = (path: string): boolean => /\.(ts|mjs)$/.test(path) && !path.includes('.gen.');
const isSpec = (path: string): boolean => path.endsWith('.spec.ts') || path.includes('/test/');
// This file names what it forbids.
const isTidy = (path: string): boolean => path.startsWith('tools/tidy/');

/** A line may do what a rule forbids when it says why on the spot. */
const unexplained = (line: string): boolean => !/\/\/ tidy: \S.{10,}/.test(line);

/** `path:line text` of every line that matches. */
const linesMatching = (sources: readonly Source[], pattern: RegExp): string[] =>
  sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, i) => ({ line, where: `${path}:${i + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, where }) => `${where} ${line.trim()}`),
  );

describe('tidy', () => {
  let paths: string[];
  let sources: Source[];

  beforeAll(async () => {
    const listed = await promisify(execFile)(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard'],
      {
        cwd: root,
        maxBuffer: 16 * 1024 * 1024,
      },
    );
    paths = listed.stdout.split('\n').filter((path) => path !== '');
    const reads = paths
      .filter((path) => isSource(path) && !isTidy(path))
      .map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8').catch(deleted) }));
    sources = await Promise.all(reads);
  });

  // A file that git still lists but that is gone from the working tree has nothing left to check.
  const deleted = (error: NodeJS.ErrnoException): string => {
    if (error.code === 'ENOENT') return '';
    throw error;
  };

  it('finds the sources it is to check', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it('has no skipped and no lonely test', () => {
    expect(
      linesMatching(sources, /\b(it|test|describe)\.(only|skip|todo)\b|\b(xit|xdescribe|fit|fdescribe)\(/),
    ).toEqual([]);
  });

  it('has no module mocks', () => {
    expect(linesMatching(sources, /\bjest\.(mock|unstable_mockModule|doMock)\(/)).toEqual([]);
  });

  it('waits for conditions, not for time, in specs', () => {
    // A poll between two looks at a condition is no sleep, but it has to say so.
    const specs = sources.filter(({ path }) => isSpec(path));
    const waits = linesMatching(specs, /(?<!jest\.)\bsetTimeout\(|timers\/promises/);
    expect(waits.filter(unexplained)).toEqual([]);
  });

  it('swallows no error', () => {
    const swallowed = linesMatching(
      sources,
      /catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\s*\(\)\s*=>\s*(\{\s*\}|undefined|null)\s*\)/,
    );
    expect(swallowed.filter(unexplained)).toEqual([]);
  });

  it('leaves nothing unfinished behind a comment', () => {
    expect(linesMatching(sources, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('disables no lint rule without a reason', () => {
    expect(linesMatching(sources, /eslint-disable(?!.*-- )|@ts-(ignore|nocheck)/)).toEqual([]);
  });

  it('keeps clocks out of cores', () => {
    const cores = sources.filter(({ path }) => /^libs\/[^/]+\/src\/core\//.test(path) && !isSpec(path));
    expect(
      linesMatching(cores, /\bDate\.now\(|\bnew Date\(|Temporal\.Now|performance\.now|Math\.random/),
    ).toEqual([]);
  });

  it('calls no library common, shared or utils', () => {
    expect(paths.filter((path) => /(^|\/)(common|shared|utils?|helpers?)(\/|\.ts$)/.test(path))).toEqual([]);
  });

  it('names no machine and no registry', () => {
    const names = linesMatching(
      sources,
      /(^|[^A-Za-z0-9_./-])\/(root|home\/[a-z]+)\/|registry\.npmjs|repo1?\.maven/,
    );
    expect(names).toEqual([]);
  });

  it('says in every migration why it is there', async () => {
    const migrations = paths.filter((path) => /\/migrations\/.*\.sql$/.test(path));
    const mute: string[] = [];
    for (const path of migrations) {
      const text = await readFile(join(root, path), 'utf8').catch(deleted);
      if (text !== '' && !/^-- why: \S.{15,}/.test(text)) mute.push(path);
    }
    expect(mute).toEqual([]);
  });

  it('has a README with the five headings in every room that has code', async () => {
    const rooms = new Set(
      sources
        .filter(({ path, text }) => path.startsWith('libs/') && text !== '')
        .map(({ path }) => path.split('/')[1]!),
    );
    const wanting: string[] = [];
    for (const room of rooms) {
      const readme = await readFile(join(root, 'libs', room, 'README.md'), 'utf8').catch(deleted);
      for (const heading of ['Meaning', 'Owns', 'Does not own', 'Invariants', 'Time']) {
        if (!new RegExp(`^## ${heading}$`, 'm').test(readme))
          wanting.push(`libs/${room}/README.md: ## ${heading}`);
      }
      if (readme.split('\n').length > 200) wanting.push(`libs/${room}/README.md: over 200 lines`);
    }
    expect(wanting).toEqual([]);
  });

  it('prints the longest files, for judgement', () => {
    const longest = sources
      .filter(({ path }) => !isSpec(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > 400)
      .sort((a, b) => b.lines - a.lines);
    process.stdout.write(longest.map(({ path, lines }) => `over 400 lines: ${path} (${lines})\n`).join(''));
    expect(longest.every(({ lines }) => lines < 1000)).toBe(true);
  });
});
