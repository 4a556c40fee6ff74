import { noteNumber, type Oddities } from './canonical.js';
import { exceedsBytes, type IngestLimits } from './limits.js';
import { isStorableTime, parseRfc3339Seconds } from './time.js';
import type { IngestVerdict } from './verdict.js';

/** The parts of a usage event that are kept. `dataschema` and extension attributes are checked, then dropped. */
export interface ReadEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly timeSeconds: number;
  readonly data: Readonly<Record<string, unknown>> | null;
}

/** What reading the events of one request needs to know and gathers on the way. */
export interface Reading {
  readonly limits: IngestLimits;
  /** Time of an event that names none. */
  readonly nowSeconds: number;
  /** False only when no string of the request can hold NUL or a lone surrogate: neither can be written without an escape. */
  readonly mayHoldOddCharacters: boolean;
  readonly verdict: IngestVerdict;
  readonly oddities: Oddities;
}

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks one CloudEvent by hand, in one pass: the contract's Event schema (a property test holds the two together) plus what
 * the schema cannot say. Undefined when it was refused; the reasons are in the verdict.
 */
export function readEvent(event: unknown, index: number, reading: Reading): ReadEvent | undefined {
  const { verdict } = reading;
  if (!isObject(event)) {
    verdict.add(index, undefined, 'invalid_type', 'must be an object');
    return undefined;
  }
  const { id, source, type, subject, time, data } = event;
  const isComplete =
    isName(id, 'id', index, reading) &&
    isName(source, 'source', index, reading) &&
    isName(type, 'type', index, reading) &&
    isName(subject, 'subject', index, reading);
  // The rest of the names is looked at too, so that one answer lists everything.
  if (!isComplete) checkNames(event, index, reading);
  checkVersion(event, index, verdict);
  checkPayloadMembers(event, index, verdict);
  const timeSeconds = readTime(time, index, reading);
  const fits = fitsLimits(event, index, reading);
  const hasObject = data === undefined || data === null || isObject(data);
  if (!hasObject) verdict.add(index, 'data', 'invalid_type', 'must be a JSON object, null or absent');
  if (!isComplete || !hasObject || !fits || Number.isNaN(timeSeconds)) return undefined;
  return { id, source, type, subject, timeSeconds, data: data ?? null };
}

// PostgreSQL stores no NUL, and a lone surrogate has no UTF-8 form: both would make two identities one, or an event unstorable.
const unstorable = /[\0\p{Cs}]/u;

function isName(value: unknown, member: string, index: number, reading: Reading): value is string {
  if (typeof value !== 'string' || value.length === 0) return false;
  if (!reading.mayHoldOddCharacters || !unstorable.test(value)) return true;
  reading.verdict.add(index, member, 'invalid_character', 'must not hold U+0000 or half of a surrogate pair');
  return false;
}

const names = ['id', 'source', 'type', 'subject'] as const;

function checkNames(event: Members, index: number, { verdict }: Reading): void {
  for (const name of names) {
    const value = event[name];
    if (value === undefined || value === null) verdict.add(index, name, 'required', 'is required');
    else if (typeof value !== 'string') verdict.add(index, name, 'invalid_type', 'must be a string');
    else if (value === '') verdict.add(index, name, 'too_short', 'must not be empty');
  }
}

function checkVersion({ specversion }: Members, index: number, verdict: IngestVerdict): void {
  if (specversion === '1.0') return;
  if (specversion === undefined) verdict.add(index, 'specversion', 'required', 'is required');
  else verdict.add(index, 'specversion', 'unsupported', 'must be "1.0"');
}

function checkPayloadMembers(event: Members, index: number, verdict: IngestVerdict): void {
  const { datacontenttype, dataschema, data_base64: encoded } = event;
  if (datacontenttype !== undefined && datacontenttype !== null && datacontenttype !== 'application/json') {
    verdict.add(index, 'datacontenttype', 'unsupported', 'must be "application/json" when present');
  }
  if (dataschema !== undefined && dataschema !== null) {
    if (typeof dataschema !== 'string' || dataschema === '') {
      verdict.add(index, 'dataschema', 'invalid_type', 'must be a non-empty string when present');
    }
  }
  if (encoded !== undefined && encoded !== null) {
    verdict.add(index, 'data_base64', 'unsupported', 'is not supported: send a JSON object as data');
  }
}

/** Epoch seconds, or NaN when the verdict holds why not. */
function readTime(time: unknown, index: number, { nowSeconds, verdict }: Reading): number {
  if (time === undefined || time === null) return nowSeconds;
  const seconds = typeof time === 'string' ? parseRfc3339Seconds(time) : Number.NaN;
  if (Number.isNaN(seconds)) {
    verdict.add(
      index,
      'time',
      'invalid_format',
      'must be an RFC 3339 date-time such as 2025-01-31T12:00:00Z',
    );
    return seconds;
  }
  if (isStorableTime(seconds)) return seconds;
  verdict.add(index, 'time', 'out_of_range', 'must lie in the years 1900 to 2299 (UTC)');
  return Number.NaN;
}

type Excess = readonly [code: string, message: string];

function fitsLimits(event: Members, index: number, reading: Reading): boolean {
  const { limits, oddities } = reading;
  let count = 0;
  // JSON.parse makes own members only, `__proto__` included, so for-in sees exactly what was sent.
  for (const key in event) {
    count += 1;
    const value = event[key];
    let excess: Excess | undefined;
    if (count > limits.keysMax) excess = tooManyKeys(limits);
    else if (exceedsBytes(key, limits.stringMaxBytes)) excess = tooLong(limits);
    else if (typeof value === 'string') {
      if (exceedsBytes(value, limits.stringMaxBytes)) excess = tooLong(limits);
    } else if (typeof value === 'object' && value !== null) {
      excess = findExcess(value as Members, 2, limits, oddities);
    }
    if (excess === undefined) continue;
    const named = count <= limits.keysMax && /^\w{1,64}$/.test(key) ? key : undefined;
    reading.verdict.add(index, named, ...excess);
    return false;
  }
  return true;
}

function findExcess(
  value: Members,
  depth: number,
  limits: IngestLimits,
  oddities: Oddities,
): Excess | undefined {
  if (depth > limits.depthMax) return ['too_deep', `is nested deeper than ${limits.depthMax} levels`];
  const isList = Array.isArray(value);
  let count = 0;
  for (const key in value) {
    const member = value[key];
    if (!isList) {
      count += 1;
      if (count > limits.keysMax) return tooManyKeys(limits);
      if (exceedsBytes(key, limits.stringMaxBytes)) return tooLong(limits);
    }
    if (typeof member === 'string') {
      if (exceedsBytes(member, limits.stringMaxBytes)) return tooLong(limits);
    } else if (typeof member === 'number') {
      noteNumber(member, oddities);
    } else if (typeof member === 'object' && member !== null) {
      const excess = findExcess(member as Members, depth + 1, limits, oddities);
      if (excess !== undefined) return excess;
    }
  }
  return undefined;
}

const tooManyKeys = ({ keysMax }: IngestLimits): Excess => [
  'too_many_keys',
  `holds an object of more than ${keysMax} members`,
];
const tooLong = ({ stringMaxBytes }: IngestLimits): Excess => [
  'string_too_long',
  `holds a string of more than ${stringMaxBytes} bytes`,
];
