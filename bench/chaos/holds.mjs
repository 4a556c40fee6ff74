// Ports that are ours although nobody listens on them yet: an instance takes half a minute to start, and other runs look for ports too.
import { createServer } from 'node:net';

export class Holds {
  #servers = new Map();

  async hold(ports) {
    for (const port of ports) {
      const server = createServer((socket) => socket.destroy());
      await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
      this.#servers.set(port, server);
    }
  }

  /** Right before somebody listens there. */
  async release(...ports) {
    for (const port of ports) {
      const server = this.#servers.get(port);
      if (server === undefined) continue;
      this.#servers.delete(port);
      await new Promise((resolve) => server.close(resolve));
    }
  }

  releaseAll() {
    return this.release(...this.#servers.keys());
  }
}
