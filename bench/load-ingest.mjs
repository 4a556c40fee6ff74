// Posts usage events over keep-alive connections and prints requests/s, latency and the CPU time of the service.
//   node bench/load-ingest.mjs --url http://127.0.0.1:8889 [--pid PID] [--batch 1,10,100] [--connections 64] [--seconds 5]
// Raw sockets and prepared bytes: the generator shares the cores with what it measures, so it must cost little.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8889' },
    pid: { type: 'string' },
    batch: { type: 'string', default: '1,10,100' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    run: { type: 'string', default: Date.now().toString(36) },
  },
});
const target = new URL(values.url);
const ID_WIDTH = 12;
let nextId = 0;

/** The size and shape of the events OpenMeter's own quickstart sends: about 320 bytes. */
const anEvent = () => ({
  id: `${values.run}-${'0'.repeat(ID_WIDTH)}`,
  source: 'my-service',
  specversion: '1.0',
  type: 'prompt',
  subject: 'customer-1',
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  data: {
    tokens: 1234,
    model: 'gpt-4-turbo',
    type: 'output',
    duration_ms: 120.5,
    path: '/api/v1/chat',
    region: 'eu-west-1',
  },
});

function template(batch) {
  const body = Buffer.from(JSON.stringify(Array.from({ length: batch }, anEvent)));
  const head = Buffer.from(
    `POST /api/v1/events HTTP/1.1\r\nHost: ${target.host}\r\nContent-Type: application/cloudevents-batch+json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`,
  );
  const bytes = Buffer.concat([head, body]);
  const places = [];
  const marker = `${values.run}-`;
  for (let at = bytes.indexOf(marker); at !== -1; at = bytes.indexOf(marker, at + 1)) {
    places.push(at + marker.length);
  }
  return { bytes, places };
}

/** Every event gets an id of its own, written over the zeros. */
function stamp({ bytes, places }) {
  for (const place of places) {
    let rest = ++nextId;
    for (let digit = ID_WIDTH - 1; rest > 0; digit -= 1) {
      bytes[place + digit] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** CPU seconds of a process so far, user and system. */
function cpuSeconds(pid) {
  if (pid === undefined) return Number.NaN;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function open(batch, tally) {
  const socket = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
  const request = template(batch);
  let sentAt = 0;
  const send = () => {
    if (tally.isOver) return void socket.end();
    stamp(request);
    sentAt = performance.now();
    // Written whole before the answer can come, so the template is free again then.
    socket.write(Buffer.from(request.bytes));
  };
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    if (chunk[9] === 0x32 && chunk[11] === 0x34) tally.accepted += 1;
    else {
      tally.refused += 1;
      tally.lastRefusal = chunk.toString('utf8').slice(0, 300);
    }
    tally.latencies.push(performance.now() - sentAt);
    send();
  });
  socket.on('error', (error) => {
    tally.refused += 1;
    tally.lastRefusal = error.message;
  });
  return new Promise((resolve) => socket.on('close', resolve));
}

const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;

async function measure(batch) {
  const tally = { accepted: 0, refused: 0, latencies: [], isOver: false, lastRefusal: '' };
  const closed = Array.from({ length: Number(values.connections) }, () => open(batch, tally));
  await new Promise((resolve) => setTimeout(resolve, Number(values.warmup) * 1000));
  Object.assign(tally, { accepted: 0, refused: 0, latencies: [] });
  const cpuBefore = cpuSeconds(values.pid);
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  const seconds = (performance.now() - startedAt) / 1000;
  const { accepted, refused, latencies } = tally;
  const cpu = cpuSeconds(values.pid) - cpuBefore;
  tally.isOver = true;
  await Promise.all(closed);
  const sorted = Float64Array.from(latencies).sort();
  return {
    batch,
    requestsPerSecond: Math.round(accepted / seconds),
    eventsPerSecond: Math.round((accepted * batch) / seconds),
    p50Ms: Number(percentile(sorted, 0.5).toFixed(1)),
    p99Ms: Number(percentile(sorted, 0.99).toFixed(1)),
    cpuMicrosPerEvent: Number(((cpu * 1e6) / (accepted * batch)).toFixed(2)),
    refused,
    ...(refused > 0 && { lastRefusal: tally.lastRefusal }),
  };
}

for (const batch of values.batch.split(',').map(Number)) console.log(JSON.stringify(await measure(batch)));
