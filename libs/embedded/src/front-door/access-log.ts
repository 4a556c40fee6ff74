import { createWriteStream } from 'node:fs';

/** One request served, as one JSON line. */
export interface AccessEntry {
  readonly time: string;
  readonly requestId: string;
  readonly method: string;
  /** The path without its query, which may hold what is nobody's business. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly responseBytes: number;
}

export interface AccessLog {
  write(entry: AccessEntry): void;
  close(): Promise<void>;
}

// Lines waiting for a slow disk: about 20,000. A log must not eat the memory of the door.
const waitingBytesMax = 4 * 1024 * 1024;

/** Appends to a file. Lines that a slow disk cannot take are counted and the count is written when it can again. */
export function openAccessLog(path: string, onFailure: (reason: string) => void): AccessLog {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  let dropped = 0;
  stream.on('error', (error) => {
    onFailure(`the access log ${path} cannot be written: ${error.message}`);
  });
  return {
    write: (entry) => {
      if (stream.writableLength > waitingBytesMax) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        stream.write(`${JSON.stringify({ time: entry.time, droppedLines: dropped })}\n`);
        dropped = 0;
      }
      stream.write(`${JSON.stringify(entry)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        stream.end(() => {
          resolve();
        });
      }),
  };
}
