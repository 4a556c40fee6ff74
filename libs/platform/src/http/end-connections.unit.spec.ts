import { describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { endConnectionsOnClose } from './end-connections.js';

const open = async () => {
  const server = fastify({ forceCloseConnections: 'idle' });
  endConnectionsOnClose(server);
  let finish = (): void => undefined;
  server.get('/slow', async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return 'done';
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return { server, port, finish: () => finish() };
};

describe('a server that closes', () => {
  it('does not wait for a connection that never asked anything', async () => {
    const { server, port } = await open();
    const accepted = once(server.server, 'connection');
    const silent = connect(port, '127.0.0.1');
    await accepted;
    await server.close();
    silent.destroy();
  });

  it('answers what is under way, then ends its connection', async () => {
    const { server, port, finish } = await open();
    const asked = once(server.server, 'request');
    const answer = fetch(`http://127.0.0.1:${port}/slow`);
    await asked;
    const closing = server.close();
    finish();
    expect(await (await answer).text()).toBe('done');
    await closing;
  });
});
