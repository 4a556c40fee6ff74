import { repositoryRoot } from '@ledgerline/embedded';
import { eventually, freePortBlock, NotYet } from '@ledgerline/testkit';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { planInstance } from '../src/plan-instance.js';
import { type RunningInstance, startInstance } from '../src/start-instance.js';

const run = promisify(execFile);

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: any; // replies are matched, not typed
  readonly headers: Headers;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly key?: string | undefined;
  readonly body?: unknown;
  readonly type?: string;
}

// A machine that other specs use too; longer is a request that hangs.
const callTimeoutMs = 30_000;

/** The body; of a stream of events, which never ends, what comes first. */
async function textOf(response: Response): Promise<string> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (!isStream || response.body === null) return response.text();
  const reader = response.body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** A whole instance that wants API keys, and its command line. */
export class TenancyRig {
  private constructor(
    private readonly instance: RunningInstance,
    readonly dataDir: string,
    readonly port: number,
  ) {}

  static async open(): Promise<TenancyRig> {
    const dataDir = await mkdtemp(join(tmpdir(), 'ledgerline-tenancy-'));
    const port = await freePortBlock(13);
    const env = { ...process.env, LEDGERLINE_AUTH_MODE: 'api-key' };
    const plan = planInstance({ command: 'start', port, dataDir, help: false }, env);
    return new TenancyRig(await startInstance(plan, { env, say: () => undefined }), dataDir, port);
  }

  async close(): Promise<void> {
    await this.instance.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** What `npm run keys --` prints, line by line. */
  async keys(...args: string[]): Promise<string[]> {
    const entry = join(repositoryRoot, 'apps/stack/dist/keys.js');
    const which = ['--data', this.dataDir, '--port', String(this.port)];
    const { stdout } = await run(process.execPath, [entry, ...args, ...which]);
    return stdout.trim().split('\n');
  }

  async call({ method, path, key, body, type = 'application/json' }: Call): Promise<Reply> {
    const response = await fetch(this.instance.baseUrl + path, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(callTimeoutMs),
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await textOf(response);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
      headers: response.headers,
    };
  }

  /** A call that must succeed. */
  async must(call: Call): Promise<Reply['body']> {
    const reply = await this.call(call);
    if (reply.status >= 300)
      throw new Error(`${call.method} ${call.path}: ${reply.status} ${reply.text.slice(0, 600)}`);
    return reply.body;
  }

  send(key: string | undefined, events: readonly object[]): Promise<Reply> {
    const type = 'application/cloudevents-batch+json';
    return this.call({ method: 'POST', path: '/api/v1/events', key, body: events, type });
  }

  /** Waits until ingest knows a key that has just been made. */
  async untilKnown(key: string): Promise<void> {
    await eventually(
      async () => {
        const reply = await this.send(key, []);
        if (reply.status === 401) throw new NotYet(reply.status);
        return true;
      },
      { what: 'ingest to know the key', deadlineMs: 20_000 },
    );
  }
}
