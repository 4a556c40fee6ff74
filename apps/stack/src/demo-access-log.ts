import { open } from 'node:fs/promises';

interface AccessLine {
  readonly requestId?: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
}

/** What an id in a path stands for, so that the route and not each resource is a value of the meter's dimension. */
const routeOf = (path: string): string => path.replace(/\/[0-9A-HJKMNP-TV-Z]{26}(?=\/|$)/g, '/{id}');

/** Reads what the front door has logged since the last call, as one CloudEvent per request served. */
export class AccessLogReader {
  private offset = 0;
  private rest = '';

  constructor(private readonly path: string) {}

  async nextEvents(subject: string): Promise<unknown[]> {
    const lines = (this.rest + (await this.readOn())).split('\n');
    // The last one may still be half written.
    this.rest = lines.pop() ?? '';
    return lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AccessLine)
      .filter(({ requestId, path }) => requestId !== undefined && path !== '/api/v1/events')
      .map(({ requestId, method, path, status, durationMs }) => ({
        specversion: '1.0',
        id: requestId,
        source: 'ledgerline/front-door',
        type: 'http.request',
        subject,
        data: { method, route: routeOf(path), status: String(status), durationMs },
      }));
  }

  private async readOn(): Promise<string> {
    const file = await open(this.path, 'r');
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.alloc(Math.max(0, size - this.offset)),
        position: this.offset,
      });
      this.offset += bytesRead;
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  }
}
