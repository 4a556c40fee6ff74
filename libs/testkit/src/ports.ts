import { isPortFree } from '@ledgerline/embedded';

/** Below the ephemeral range, so no outgoing connection of anybody can take one of ours by chance. */
const LOWEST = 10_000;
const HIGHEST = 32_000;
/** Enough tries to find a hole on a machine that runs several test runs at once. */
const TRIES = 200;

/** The first port of `size` consecutive loopback ports that are free now. */
export async function freePortBlock(size: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const base = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - size));
    const free = await Promise.all(Array.from({ length: size }, (_, index) => isPortFree(base + index)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${size} consecutive free ports between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}
