import { connect } from 'node:net';
import { LOOPBACK } from './ports.js';

/** A broker that has not answered by then is not ready; the caller asks again. */
const PROBE_TIMEOUT_MS = 2_000;
const METADATA = 3;
/** The newest version without tagged fields: simple to write and served by Kafka 2 to 4. */
const METADATA_VERSION = 4;

/** Asks a broker for its cluster's metadata and returns when it lists a broker and a controller. */
export async function probeKafka(port: number): Promise<void> {
  const reply = await exchange(port, metadataRequest());
  const { brokers, controllerId } = readMetadata(reply);
  if (brokers === 0 || controllerId < 0) throw new Error('the cluster has no broker or no controller yet');
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from('ledgerline-probe');
  const body = Buffer.alloc(2 + 2 + 4 + 2 + clientId.length + 4 + 1);
  let at = body.writeInt16BE(METADATA, 0);
  at = body.writeInt16BE(METADATA_VERSION, at);
  at = body.writeInt32BE(1, at);
  at = body.writeInt16BE(clientId.length, at);
  at += clientId.copy(body, at);
  // No topics, and none created by asking.
  at = body.writeInt32BE(0, at);
  body.writeInt8(0, at);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

function readMetadata(reply: Buffer): { brokers: number; controllerId: number } {
  let at = 4 + 4; // correlation id, throttle time
  const text = (): void => {
    const length = reply.readInt16BE(at);
    at += 2 + Math.max(length, 0);
  };
  const brokers = reply.readInt32BE(at);
  at += 4;
  for (let index = 0; index < brokers; index += 1) {
    at += 4; // node id
    text(); // host
    at += 4; // port
    text(); // rack
  }
  text(); // cluster id
  return { brokers, controllerId: reply.readInt32BE(at) };
}

function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, LOOPBACK);
    const chunks: Buffer[] = [];
    socket.setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy(new Error('no answer to a metadata request')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the broker closed the connection')));
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const received = Buffer.concat(chunks);
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
      resolve(received.subarray(4));
      socket.destroy();
    });
  });
}
