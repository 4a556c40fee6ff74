import type { UsageTuple } from '@ledgerline/contract';
import { type Decision, invariant, type Refusal, refusal } from '@ledgerline/kernel';
import { readAttributeHeaders } from './binary.js';
import { type CanonicalData, canonicalise, needsLosslessRead, type Oddities } from './canonical.js';
import type { IngestLimits } from './limits.js';
import type { IngestMode } from './media.js';
import { findOvergrowth, type Overgrowth, sliceData } from './scan.js';
import { type ReadEvent, type Reading, readEvent } from './validate.js';
import { IngestVerdict } from './verdict.js';

/** One request, read from the wire but not yet understood. */
export interface IngestRequest {
  readonly namespace: string;
  readonly mode: IngestMode;
  /** The body as text: inflated, valid UTF-8. */
  readonly text: string;
  /** Needed in binary mode: name, value, name, value, … */
  readonly rawHeaders: readonly string[];
}

/** Characters above which the punctuation is checked first. Below it the worst body costs 30 ms to parse, and a survey is not free. */
const SURVEY_ABOVE = 128 * 1024;

/**
 * Parses once, validates every event, and gives one verdict: either all events of the request, ready to be encoded, or why
 * none of them was taken.
 */
export function decideIngest(
  request: IngestRequest,
  nowMs: number,
  limits: IngestLimits,
): Decision<readonly UsageTuple[]> {
  const isBinary = request.mode === 'binary';
  const { text } = request;
  const overgrowth = findRequestOvergrowth(request, limits);
  if (overgrowth !== undefined) return { refused: refuseOvergrowth(overgrowth, limits) };
  let parsed: unknown;
  try {
    parsed = isBinary && text.trim() === '' ? undefined : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // V8 quotes the body in its message; a reason is enough.
    return { refused: refusal.invalid(`decode json: ${error.message.slice(0, 200)}`) };
  }
  const shape = shapeOf(parsed, request.mode, limits);
  if ('refused' in shape) return shape;
  return readAll(request, shape, nowMs, limits);
}

/** What makes a large request too much to be parsed; undefined when nothing does, or it is small. */
export function findRequestOvergrowth(
  { mode, text }: IngestRequest,
  limits: IngestLimits,
): Overgrowth | undefined {
  if (text.length <= SURVEY_ABOVE) return undefined;
  // In binary mode the body is data, which is one level down in its event.
  return findOvergrowth(text, mode === 'binary' ? { ...limits, depthMax: limits.depthMax - 1 } : limits);
}

function refuseOvergrowth({ code, index }: Overgrowth, limits: IngestLimits): Refusal {
  if (code === 'batch_too_large') return refuseBatch(limits);
  const verdict = new IngestVerdict(index !== undefined, limits.issuesMax);
  const messages = {
    too_deep: `is nested deeper than ${limits.depthMax} levels`,
    too_many_keys: `holds an object of more than ${limits.keysMax} members`,
    string_too_long: `holds a string of more than ${limits.stringMaxBytes} bytes`,
  };
  verdict.add(index ?? 0, undefined, code, messages[code]);
  return verdict.refuse((index ?? 0) + 1);
}

const refuseBatch = ({ batchMax }: IngestLimits): Refusal =>
  refusal.tooLarge(`a request takes at most ${batchMax} events; send more requests instead`);

interface Shape {
  readonly events: readonly unknown[];
  readonly isBatch: boolean;
}

function shapeOf(parsed: unknown, mode: IngestMode, limits: IngestLimits): Shape | { refused: Refusal } {
  if (mode === 'binary') return { events: [parsed], isBatch: false };
  const isArray = Array.isArray(parsed);
  if (mode === 'batch' && !isArray) {
    return { refused: refusal.invalid('application/cloudevents-batch+json takes an array of events') };
  }
  if (mode === 'structured' && isArray) {
    return { refused: refusal.invalid('application/cloudevents+json takes one event, not an array') };
  }
  if (!isArray) return { events: [parsed], isBatch: false };
  if (parsed.length === 0) return { refused: refusal.invalid('no events found') };
  if (parsed.length > limits.batchMax) return { refused: refuseBatch(limits) };
  return { events: parsed, isBatch: true };
}

function readAll(
  request: IngestRequest,
  { events, isBatch }: Shape,
  nowMs: number,
  limits: IngestLimits,
): Decision<readonly UsageTuple[]> {
  const { namespace, mode, text } = request;
  const verdict = new IngestVerdict(isBatch, limits.issuesMax);
  const oddities: Oddities = { hasOutsized: false, hasTiny: false };
  const reading: Reading = {
    limits,
    nowSeconds: Math.floor(nowMs / 1000),
    mayHoldOddCharacters: mode === 'binary' || text.includes('\\u'),
    verdict,
    oddities,
  };
  const whole = mode === 'binary' ? [joinBinary(request, events[0], verdict)] : events;
  const read: ReadEvent[] = [];
  // Headers that could not be read would only be reported again as missing.
  for (let index = 0; index < whole.length && (mode !== 'binary' || verdict.isClean()); index += 1) {
    const event = readEvent(whole[index], index, reading);
    if (event !== undefined) read.push(event);
  }
  if (!verdict.isClean()) return { refused: verdict.refuse(events.length) };
  const toTuple = needsLosslessRead(text, oddities)
    ? losslessWriter(namespace, sliceAll(request), nowMs, reading)
    : plainWriter(namespace, nowMs);
  const accepted = read.map(toTuple);
  return verdict.isClean() ? { accepted } : { refused: verdict.refuse(events.length) };
}

/** A binary request as the event it stands for. Its content type is that of data, and was found to be JSON. */
function joinBinary({ rawHeaders }: IngestRequest, data: unknown, verdict: IngestVerdict): unknown {
  return { ...readAttributeHeaders(rawHeaders, verdict), data, datacontenttype: 'application/json' };
}

const sliceAll = ({ mode, text }: IngestRequest): readonly (string | undefined)[] =>
  mode === 'binary' ? [text.trim()] : sliceData(text);

type Writer = (event: ReadEvent, index: number) => UsageTuple;

// Written from the parsed value, which costs 0.4 µs an event and has no repeated keys; forwarding the bytes as sent would need a search
// for both, which costs more.
function plainWriter(namespace: string, nowMs: number): Writer {
  return ({ id, source, type, subject, timeSeconds, data }) => [
    namespace,
    nowMs,
    id,
    source,
    type,
    subject,
    timeSeconds,
    data === null ? null : JSON.stringify(data),
    null,
  ];
}

function losslessWriter(
  namespace: string,
  slices: readonly (string | undefined)[],
  nowMs: number,
  { limits: { stringMaxBytes }, verdict }: Reading,
): Writer {
  return ({ id, source, type, subject, timeSeconds, data }, index) => {
    const slice = slices[index];
    let text: CanonicalData | undefined;
    if (data !== null) {
      // Data that was parsed stands somewhere in the text.
      invariant(slice !== undefined, 'the data of an event was not found in its request');
      text = canonicalise(slice, data, stringMaxBytes);
      if (text === undefined) {
        verdict.add(
          index,
          'data',
          'number_too_long',
          `holds a number of more than ${stringMaxBytes} characters`,
        );
      }
    }
    return [
      namespace,
      nowMs,
      id,
      source,
      type,
      subject,
      timeSeconds,
      text?.data ?? null,
      text?.dataSent ?? null,
    ];
  };
}
