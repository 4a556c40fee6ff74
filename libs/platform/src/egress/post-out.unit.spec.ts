import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { postOut, refuseUrl } from './post-out.js';
import { isPublicAddress } from './public-address.js';

const closed = { allowPrivate: false, timeoutMs: 2_000, answerBytesMax: 1_000 };
const open = { ...closed, allowPrivate: true };

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    'not an address',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('URLs of others', () => {
  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:secret@example.com/',
    'nonsense',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/', // decimal for 127.0.0.1
    'https://0x7f.1/',
    'https://017700000001/',
    'https://[::ffff:169.254.169.254]/',
  ])('%s is refused', (url) => {
    expect(refuseUrl(url, closed)).toEqual(expect.any(String));
  });
  it('a public https address is not', () => {
    expect(refuseUrl('https://hooks.example.com/in', closed)).toBeUndefined();
  });
});

describe('posting out', () => {
  let server: Server;
  let url: string;
  const seen: string[] = [];
  beforeAll(async () => {
    server = createServer((request, reply) => {
      seen.push(request.url ?? '');
      if (request.url === '/moved') return reply.writeHead(302, { location: '/secret' }).end();
      if (request.url === '/big') return reply.end('x'.repeat(1_000_000));
      if (request.url === '/slow') return undefined;
      request.resume();
      return reply.end('fine');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const post = (path: string, options = open) =>
    postOut({ url: url + path, headers: {}, body: '{}' }, options);

  it('gives status and body', async () => {
    expect(await post('/ok')).toMatchObject({ kind: 'answered', status: 200, body: 'fine' });
  });
  it('follows no redirect', async () => {
    expect(await post('/moved')).toMatchObject({ kind: 'answered', status: 302 });
    expect(seen).not.toContain('/secret');
  });
  it('keeps no more of an answer than it may', async () => {
    expect(await post('/big')).toMatchObject({ kind: 'answered', body: 'x'.repeat(1_000) });
  });
  it('waits no longer than it may', async () => {
    const outcome = await post('/slow', { ...open, timeoutMs: 50 });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'no answer within 50 ms' });
  });
  it('connects to nothing private, also by a name that leads there', async () => {
    const before = seen.length;
    const byName = { url: 'https://localhost/', headers: {}, body: '' };
    expect(await postOut(byName, closed)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/private/),
    });
    expect(await post('/ok', closed)).toMatchObject({ kind: 'failed' });
    expect(seen).toHaveLength(before);
  });
});
