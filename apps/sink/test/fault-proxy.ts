import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * What happens to the next request whose bytes hold the needle.
 * - `lose-reply`: it is answered, but the answer never arrives.
 * - `lose-request`: it never arrives.
 * - `hold`: the caller's connection breaks, and the request arrives later, when `release` is called.
 */
export type Mishap = 'lose-reply' | 'lose-request' | 'hold';

/** A TCP proxy before one server that can break the connection of a chosen request. */
export class FaultProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private armed: { mishap: Mishap; needle: string } | undefined;
  private held: Buffer[] = [];
  private happened = 0;

  constructor(private readonly target: { host: string; port: number }) {
    this.server = createServer((client) => this.join(client));
  }

  get mishaps(): number {
    return this.happened;
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  arm(mishap: Mishap, needle: string): void {
    this.armed = { mishap, needle };
  }

  /** Delivers the held request now and gives the server's answer. */
  release(): Promise<string> {
    const late = connect(this.target);
    const request = Buffer.concat(this.held);
    this.held = [];
    return new Promise((resolve, reject) => {
      let answer = '';
      late.on('error', reject);
      late.on('data', (bytes) => {
        answer += bytes.toString('latin1');
        // The first bytes hold the status line and, for a refusal, its reason; the connection stays open otherwise.
        late.end();
      });
      late.on('close', () => resolve(answer));
      late.write(request);
    });
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const upstream = connect(this.target);
    let mishap: Mishap | undefined;
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    }
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.on('close', () => mishap === 'lose-reply' || upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.on('data', (bytes) => {
      if (mishap === undefined && this.armed !== undefined && bytes.includes(this.armed.needle)) {
        mishap = this.armed.mishap;
        this.armed = undefined;
        this.happened += 1;
      }
      if (mishap === 'lose-request') {
        client.destroy();
      } else if (mishap === 'hold') {
        this.held.push(bytes);
        // The last chunk of a chunked body is empty.
        if (bytes.includes('\r\n0\r\n\r\n')) client.destroy();
      } else {
        upstream.write(bytes);
      }
    });
    upstream.on('data', (bytes) => {
      if (mishap === 'lose-reply') client.destroy();
      else client.write(bytes);
    });
  }
}
