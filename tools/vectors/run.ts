import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Vector, VectorAdapter, VectorOutcome } from './adapter.js';
import { BadVectors } from './bad-vectors.js';
import { type Deviations, parseDeviations } from './deviations.js';

/** What came of one file: every vector of it is in exactly one of the four; a missing adapter is one failure. */
export interface FileReport {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly string[];
  readonly contradicted: readonly string[];
  readonly noCore: ReadonlyMap<string, number>;
  readonly ids: readonly string[];
}

/** Runs every vector of one file. Nothing is skipped: each vector ends in exactly one of the four numbers. */
export function runFile(
  file: string,
  text: string,
  adapter: VectorAdapter | undefined,
  deviations: Deviations,
): FileReport {
  const vectors = readVectors(file, text);
  const report = {
    file,
    passed: 0,
    failures: [] as string[],
    contradicted: [] as string[],
    noCore: new Map<string, number>(),
    ids: vectors.map((vector) => vector.id),
  };
  if (adapter === undefined) {
    report.failures.push(`no adapter: nothing in tools/vectors answers ${basename(file)}`);
    return report;
  }
  for (const vector of vectors) {
    const result = outcomeOf(adapter, vector);
    const reason = deviations.get(vector.id);
    if (result.outcome === 'no-core') {
      report.noCore.set(vector.kind, (report.noCore.get(vector.kind) ?? 0) + 1);
    } else if (result.outcome === 'passed') {
      if (reason === undefined) report.passed += 1;
      else report.failures.push(`${vector.id}: deviation is stale, the vector passes`);
    } else if (reason !== undefined) {
      report.contradicted.push(`${vector.id}: ${reason}`);
    } else {
      report.failures.push(`${vector.id}: ${result.difference}`);
    }
  }
  return report;
}

function outcomeOf(adapter: VectorAdapter, vector: Vector): VectorOutcome {
  try {
    return adapter.run(vector);
  } catch (error) {
    return { outcome: 'failed', difference: `threw ${String(error)}` };
  }
}

/** Reads a file of vectors; throws with one clear line when it is not one. */
export function readVectors(file: string, text: string): readonly Vector[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new BadVectors(`${file}: broken JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { vectors, count } = (parsed ?? {}) as { vectors?: unknown; count?: unknown };
  if (!Array.isArray(vectors)) throw new BadVectors(`${file}: no list "vectors"`);
  if (count !== undefined && count !== vectors.length) {
    throw new BadVectors(`${file}: says count ${JSON.stringify(count)}, holds ${vectors.length} vectors`);
  }
  const ids = new Set<string>();
  return vectors.map((vector: Partial<Vector> | null, index) => {
    if (typeof vector?.id !== 'string' || typeof vector.kind !== 'string') {
      throw new BadVectors(`${file}: vectors[${index}] has no id or no kind`);
    }
    if (ids.has(vector.id)) throw new BadVectors(`${file}: the id ${vector.id} stands twice`);
    ids.add(vector.id);
    return vector as Vector;
  });
}

/** The vector files of a folder, or the copies that the rooms keep. */
export async function findVectorFiles(root: string, folder: string | undefined): Promise<readonly string[]> {
  if (folder !== undefined) return jsonFilesIn(folder, true);
  const rooms = await readdir(join(root, 'libs'));
  const found = await Promise.all(
    rooms.map((room) => jsonFilesIn(join(root, 'libs', room, 'vectors'), false)),
  );
  return found.flat().sort();
}

async function jsonFilesIn(folder: string, mustExist: boolean): Promise<readonly string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
    if (mustExist && names.length === 0) throw new BadVectors(`${folder}: no *.json in it`);
    return names.map((name) => join(folder, name));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    if (mustExist) throw new BadVectors(`${folder}: no such folder`);
    return []; // most rooms own no vectors
  }
}

/** `x.json` is answered by the module `x` beside this one, when there is one. */
async function adapterFor(file: string): Promise<VectorAdapter | undefined> {
  const name = basename(file, '.json');
  const modules = await readdir(import.meta.dirname);
  if (!modules.includes(`${name}.js`)) return undefined;
  const module = (await import(`./${name}.js`)) as { adapter?: VectorAdapter };
  return module.adapter?.file === basename(file) ? module.adapter : undefined;
}

/** Runs all files and prints what came of them. True when nothing failed. */
export async function runVectors(
  options: { readonly root: string; readonly folder?: string | undefined },
  print: (line: string) => void,
): Promise<boolean> {
  const { root, folder } = options;
  const deviations = parseDeviations(await readFile(join(root, 'docs', 'deviations.md'), 'utf8'));
  const reports: FileReport[] = [];
  for (const path of await findVectorFiles(root, folder)) {
    const file = folder === undefined ? relative(root, path) : path;
    reports.push(runFile(file, await readFile(path, 'utf8'), await adapterFor(path), deviations));
  }
  for (const report of reports) for (const line of describe(report)) print(line);

  // Only the full set can tell that a listed id belongs to no vector at all.
  const known = new Set(reports.flatMap((report) => report.ids));
  const strangers = folder === undefined ? [...deviations.keys()].filter((id) => !known.has(id)) : [];
  for (const id of strangers) print(`docs/deviations.md: ${id} is the id of no vector`);

  const total = (of: (report: FileReport) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0);
  const failures = total((report) => report.failures.length) + strangers.length;
  print(
    `vectors: ${total((report) => report.passed)} passed, ${failures} failed, ` +
      `${total((report) => report.contradicted.length)} contradicted on purpose, ` +
      `${total(withoutCore)} with no core yet`,
  );
  return failures === 0;
}

const withoutCore = (report: FileReport): number =>
  [...report.noCore.values()].reduce((sum, count) => sum + count, 0);

/** A file's lines: the figures, then every id that is neither passed nor waiting for its core. */
export function describe(report: FileReport): readonly string[] {
  const waiting = [...report.noCore].map(([kind, count]) => `${kind} ${count}`).join(', ');
  return [
    report.file,
    `  ${report.passed} passed, ${report.failures.length} failed, ` +
      `${report.contradicted.length} contradicted on purpose, ${withoutCore(report)} with no core yet`,
    ...(waiting === '' ? [] : [`  no core yet: ${waiting}`]),
    ...report.contradicted.map((line) => `  contradicted on purpose: ${line}`),
    ...report.failures.map((line) => `  FAILED ${line.replaceAll('\n', '\n    ')}`),
  ];
}
