import { fileURLToPath } from 'node:url';
import { launch, type EngineOptions, type RunningEngine } from './engine.js';
import { LIMITS } from './gateway/limits.js';
import { LOOPBACK } from './ports.js';

/** Compiled by tools/build.mjs; the same file whether this module runs from src/ (tests) or dist/. */
const ENTRY = fileURLToPath(new URL('../dist/gateway/main.js', import.meta.url));
/** Threads besides those of running statements: files, compression, cancelling. */
const SPARE_THREADS = 8;
const PROBE_TIMEOUT_MS = 5_000;

export interface ClickhouseOptions extends EngineOptions {
  /** Statements running at once. */
  readonly maxQueries?: number;
  /** Memory the engine may take before it refuses a statement. */
  readonly memoryMb?: number;
  /** Added to the environment; the crash tests preload a library through it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the ClickHouse gateway. `url` is `http://host:port`, for @clickhouse/client. */
export async function startClickhouse(options: ClickhouseOptions): Promise<RunningEngine> {
  const maxQueries = options.maxQueries ?? LIMITS.runningQueries;
  const url = `http://${LOOPBACK}:${options.port}`;
  return launch(
    {
      name: 'ClickHouse',
      url,
      command: process.execPath,
      args: [
        '--enable-source-maps',
        ENTRY,
        ...['--data', options.dataDir, '--port', String(options.port), '--max-queries', String(maxQueries)],
        ...['--memory-mb', String(options.memoryMb ?? LIMITS.memoryMb)],
      ],
      cwd: options.dataDir,
      env: {
        ...process.env,
        // Flags of a test runner or debugger are not meant for the engine.
        NODE_OPTIONS: '',
        TZ: 'UTC',
        UV_THREADPOOL_SIZE: String(maxQueries + SPARE_THREADS),
        ...options.env,
      },
      probe: () => selectOne(url),
    },
    options,
  );
}

async function selectOne(url: string): Promise<void> {
  const reply = await fetch(url, {
    method: 'POST',
    body: 'SELECT 1',
    signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
  });
  const text = await reply.text();
  if (text !== '1\n') throw new Error(text.trim());
}
