// Reference ingest: fastify, ajv with full formats, one Kafka record per event with key and headers, one send per request,
// answered after acks=all.
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fastify from 'fastify';
import { Kafka, logLevel } from 'kafkajs';
import { dedupeKey, eventsTopic, namespace, required } from './settings.mjs';

const cloudEvent = {
  type: 'object',
  required: ['id', 'source', 'specversion', 'type', 'subject'],
  properties: {
    id: { type: 'string', minLength: 1 },
    source: { type: 'string', format: 'uri-reference', minLength: 1 },
    specversion: { type: 'string', minLength: 1 },
    type: { type: 'string', minLength: 1 },
    subject: { type: 'string', minLength: 1 },
    time: { type: 'string', format: 'date-time', nullable: true },
    datacontenttype: { enum: ['application/json', null], nullable: true, type: 'string' },
    dataschema: { type: 'string', format: 'uri', nullable: true },
    data: { type: 'object', nullable: true },
  },
};
const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv, { mode: 'full' });
const isOne = ajv.compile(cloudEvent);
const isBatch = ajv.compile({ type: 'array', items: cloudEvent, minItems: 1 });

const kafka = new Kafka({
  clientId: 'reference-ingest',
  brokers: required('REFERENCE_BROKERS').split(','),
  logLevel: logLevel.ERROR,
});
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();
const topic = eventsTopic(process.env.REFERENCE_TOPIC_PREFIX ?? '');

function recordOf(event, nowMs, ingestedAt) {
  const timeMs = event.time === undefined || event.time === null ? nowMs : Date.parse(event.time);
  return {
    key: dedupeKey(event.source, event.id),
    value: JSON.stringify({
      id: event.id,
      type: event.type,
      source: event.source,
      subject: event.subject,
      time: Math.floor(timeMs / 1000),
      // A text within the text, as readers of such records expect it.
      data: JSON.stringify(event.data ?? null),
    }),
    headers: { namespace, specversion: event.specversion, ingested_at: ingestedAt },
  };
}

const server = fastify({ bodyLimit: 1024 * 1024 });
server.addContentTypeParser(
  ['application/cloudevents+json', 'application/cloudevents-batch+json'],
  { parseAs: 'string' },
  (_request, text, done) => {
    try {
      done(null, JSON.parse(text));
    } catch (error) {
      error.statusCode = 400;
      done(error);
    }
  },
);
server.post('/api/v1/events', async (request, reply) => {
  const { body } = request;
  const isArray = Array.isArray(body);
  const validate = isArray ? isBatch : isOne;
  if (!validate(body)) return reply.code(400).send({ detail: ajv.errorsText(validate.errors) });
  const nowMs = Date.now();
  const ingestedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const messages = isArray
    ? body.map((event) => recordOf(event, nowMs, ingestedAt))
    : [recordOf(body, nowMs, ingestedAt)];
  await producer.send({ topic, acks: -1, messages });
  return reply.code(204).send();
});
server.get('/ready', () => 'ready');
await server.listen({ host: '127.0.0.1', port: Number(required('REFERENCE_PORT')) });

process.once('SIGTERM', async () => {
  await server.close();
  await producer.disconnect();
  process.exit(0);
});
