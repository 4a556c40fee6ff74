import { Session } from 'chdb';
import { randomUUID } from 'node:crypto';
import { privateDir } from '../paths.js';
import { join } from 'node:path';

export interface QueryMetrics {
  readonly readRows: number;
  readonly readBytes: number;
  readonly elapsedSeconds: number;
}

export interface Conditions {
  readonly database: string | undefined;
  readonly params: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  /** Of an answer that names none itself. */
  readonly format: string;
}

/** Set for every statement unless the caller says otherwise. */
const DEFAULTS: readonly (readonly [string, string])[] = [
  // An insert that was answered must be in the table: nothing is collected behind the caller's back.
  ['async_insert', '0'],
  // A server answers numbers as numbers; the engine's own default is the same, this keeps it so.
  ['output_format_json_quote_64bit_integers', '0'],
];

/**
 * The engine of one data directory. Each statement gets a connection of its own (0.15 ms), so settings, parameters and
 * the chosen database end with it and cannot leak; the library's own parameter binding is not used because it runs
 * one statement at a time in the whole process.
 */
export class Engine {
  private constructor(
    private readonly path: string,
    private readonly args: readonly string[],
    private readonly anchor: Session,
    readonly version: string,
  ) {}

  /** Opens the directory. Errors: whatever the engine says about it. */
  static async open(dataDir: string, memoryMb: number): Promise<Engine> {
    const path = await privateDir(join(dataDir, 'engine'));
    const args = [
      `--max_server_memory_usage=${memoryMb * 1_048_576}`,
      // The defaults of a large server are 5 GiB each.
      '--mark_cache_size=268435456',
      '--primary_index_cache_size=268435456',
      '--index_mark_cache_size=67108864',
    ];
    // Stays open: the engine would unload its tables when its last connection closes.
    const anchor = new Session(path, { connectionArgs: args });
    const version = (await anchor.queryAsync('SELECT version()', { format: 'TabSeparated' })).text().trim();
    return new Engine(path, args, anchor, version);
  }

  /** Runs one statement. `signal` kills it inside the engine. Errors: those of the engine, `Code: N. …`. */
  async run(
    sql: string,
    conditions: Conditions,
    signal?: AbortSignal,
  ): Promise<{ text: Buffer } & QueryMetrics> {
    const tag = `gateway-${randomUUID()}`;
    const session = new Session(this.path, { connectionArgs: this.args });
    const kill = (): void => void this.kill(tag);
    try {
      await session.queryAsync(preamble(conditions, tag));
      if (signal?.aborted === true) throw new Error('the client went away');
      signal?.addEventListener('abort', kill, { once: true });
      const result = await session.queryAsync(sql, { format: conditions.format });
      return {
        text: Buffer.from(result.bytes()),
        readRows: result.rowsRead,
        readBytes: result.bytesRead,
        elapsedSeconds: result.elapsed,
      };
    } finally {
      signal?.removeEventListener('abort', kill);
      session.close();
    }
  }

  close(): void {
    this.anchor.close();
  }

  private async kill(tag: string): Promise<void> {
    const session = new Session(this.path, { connectionArgs: this.args });
    try {
      // The tag is ours: letters, digits and dashes.
      await session.queryAsync(`KILL QUERY WHERE startsWith(Settings['log_comment'], '${tag}') ASYNC`);
    } catch (thrown) {
      // The statement goes on to its own time limit; worth a line, not a crash.
      process.stderr.write(`cancelling a statement failed: ${String(thrown)}\n`);
    } finally {
      session.close();
    }
  }
}

/** What makes a fresh connection the caller's: settings and parameters, then the database. */
function preamble({ database, params, settings }: Conditions, tag: string): string {
  const all = new Map([...DEFAULTS, ...settings]);
  all.set('log_comment', `${tag} ${settings.get('log_comment') ?? ''}`);
  // Last, because it forbids further changes.
  const readonly = all.get('readonly');
  all.delete('readonly');
  const pairs = [...all, ...[...params].map(([name, value]) => [`param_${name}`, value] as const)];
  if (readonly !== undefined) pairs.push(['readonly', readonly]);
  const set = `SET ${pairs.map(([name, value]) => `${name} = '${escaped(value)}'`).join(', ')}`;
  return database === undefined ? set : `USE \`${escaped(database)}\`; ${set}`;
}

/**
 * The inside of a quoted SQL literal. Everything but letters, digits and a few harmless signs becomes `\xHH` of its
 * UTF-8 bytes, so no value can end the quote it stands in.
 */
export function escaped(value: string): string {
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^A-Za-z0-9 _.,:-]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
