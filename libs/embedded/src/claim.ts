import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineFault, errnoOf } from './fault.js';
import { commandLine, endProcess, isAlive } from './processes.js';

/** Who runs an engine on a data directory; `<dataDir>/ledgerline.claim`. */
interface Claim {
  readonly engine: string;
  readonly pid: number;
  /** A word of the engine's command line that names this data directory. */
  readonly mark: string;
  readonly ownerPid: number;
  readonly ownerCommand: string;
}

const claimPath = (dataDir: string): string => join(dataDir, 'ledgerline.claim');

/** Whether a program runs on the directory, or was left behind there: the next start on it ends an orphan. */
export const isClaimed = (dataDir: string): boolean => existsSync(claimPath(dataDir));

/** Whether a program is running on the directory at this moment, whoever started it. */
export async function isRunningOn(dataDir: string): Promise<boolean> {
  const claim = await readClaim(claimPath(dataDir));
  return claim !== undefined && (await commandLine(claim.pid))?.includes(claim.mark) === true;
}

/** An orphan gets this long to write its data down before it is killed. */
const ORPHAN_GRACE_MS = 15_000;

/**
 * Makes sure nobody else runs on the data directory. An engine left behind by a dead supervisor is ended, but only
 * if its pid still carries this very directory in its command line; one with a living owner is refused.
 */
export async function claimDataDir(
  engine: string,
  dataDir: string,
): Promise<{
  record(pid: number, args: readonly string[]): Promise<void>;
  release(): Promise<void>;
}> {
  const path = claimPath(dataDir);
  const previous = await readClaim(path);
  if (previous !== undefined) await endOrphan(engine, dataDir, previous);

  let recordedPid = 0;
  return {
    async record(pid, args) {
      recordedPid = pid;
      const claim: Claim = {
        engine,
        pid,
        mark: args.find((word) => word.includes(dataDir)) ?? dataDir,
        ownerPid: process.pid,
        ownerCommand: (await commandLine(process.pid)) ?? '',
      };
      // Written aside and renamed: a crash in between must not leave half a claim.
      await writeFile(`${path}.new`, JSON.stringify(claim), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    async release() {
      const current = await readClaim(path);
      // A newer start may own the directory by now.
      if (current?.pid === recordedPid) await rm(path, { force: true });
    },
  };
}

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Claim;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function endOrphan(engine: string, dataDir: string, claim: Claim): Promise<void> {
  const command = await commandLine(claim.pid);
  if (command === undefined || !command.includes(claim.mark)) return;
  const ownerLives = isAlive(claim.ownerPid) && (await commandLine(claim.ownerPid)) === claim.ownerCommand;
  if (ownerLives) {
    throw new EngineFault(
      engine,
      `already runs on ${dataDir} (pid ${claim.pid}, started by pid ${claim.ownerPid}); stop that one or choose another directory with --data`,
    );
  }
  await endProcess(claim.pid, ORPHAN_GRACE_MS);
}
