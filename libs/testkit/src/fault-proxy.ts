import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * What happens to the next request whose bytes hold the needle.
 * - `lose-reply`: it is answered, but the answer never arrives.
 * - `lose-request`: it never arrives.
 * - `hold`: the caller's connection breaks, and the request arrives later, when `release` is called.
 */
export type Mishap = 'lose-reply' | 'lose-request' | 'hold';

/** One way of a connection: what the client sends, or what the server answers. */
export type Way = 'requests' | 'replies';

/**
 * A TCP proxy before one server. It can break the connection of a chosen request, stop one way or both for a while, as a
 * broken link does (TCP loses nothing: the bytes arrive afterwards if both ends still live), or let bytes through slowly.
 */
export class FaultProxy {
  private readonly server: Server;
  private readonly sockets = new Map<Socket, Way>();
  private armed: { mishap: Mishap; needle: string } | undefined;
  private held: Buffer[] = [];
  private happened = 0;
  private readonly stopped = new Set<Way>();
  private bytesPerSecond = Infinity;

  constructor(private readonly target: { host: string; port: number }) {
    this.server = createServer((client) => this.join(client));
  }

  get mishaps(): number {
    return this.happened;
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  arm(mishap: Mishap, needle: string): void {
    this.armed = { mishap, needle };
  }

  disarm(): void {
    this.armed = undefined;
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

  /** Stops these ways, of connections that exist and of those to come. */
  block(...ways: readonly Way[]): void {
    for (const way of ways) this.stopped.add(way);
    for (const [socket, way] of this.sockets) if (this.stopped.has(way)) socket.pause();
  }

  unblock(): void {
    this.stopped.clear();
    for (const socket of this.sockets.keys()) socket.resume();
  }

  /** Requests of all connections together pass at this pace from now on; Infinity ends it. */
  throttle(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    for (const socket of this.sockets.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const upstream = connect(this.target);
    let mishap: Mishap | undefined;
    this.keep(client, 'requests');
    this.keep(upstream, 'replies');
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
        this.pass(client, upstream, bytes);
        this.slowDown(client, bytes.length);
      }
    });
    upstream.on('data', (bytes) => {
      if (mishap === 'lose-reply') client.destroy();
      else this.pass(upstream, client, bytes);
    });
  }

  private keep(socket: Socket, way: Way): void {
    this.sockets.set(socket, way);
    socket.on('close', () => this.sockets.delete(socket));
    if (this.stopped.has(way)) socket.pause();
  }

  /** A receiver that is slower than its sender slows it down, so that nothing piles up in here. */
  private pass(from: Socket, to: Socket, bytes: Buffer): void {
    if (to.write(bytes)) return;
    from.pause();
    to.once('drain', () => this.goOn(from));
  }

  private slowDown(socket: Socket, bytes: number): void {
    if (!Number.isFinite(this.bytesPerSecond)) return;
    socket.pause();
    setTimeout(() => this.goOn(socket), (bytes / this.bytesPerSecond) * 1000);
  }

  private goOn(socket: Socket): void {
    const way = this.sockets.get(socket);
    if (way !== undefined && !this.stopped.has(way)) socket.resume();
  }
}
