import { createServer } from 'node:net';
import { EngineFault, errnoOf } from './fault.js';
import { portHolder } from './processes.js';

/** Every engine listens here and nowhere else: none of them has a password worth the name. */
export const LOOPBACK = '127.0.0.1';

/** Whether a port of the loopback is free at this moment. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (thrown) => {
      const code = errnoOf(thrown);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(false);
      else reject(thrown);
    });
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Refuses with the port and, where it can be seen, the process that holds it. */
export async function requirePort(engine: string, port: number): Promise<void> {
  if (await isPortFree(port)) return;
  const holder = (await portHolder(port)) ?? 'another process';
  throw new EngineFault(
    engine,
    `port ${port} on ${LOOPBACK} is taken by ${holder}; stop it or start on another port with --port`,
  );
}

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
