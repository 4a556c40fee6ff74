import { type Decision, refusal } from '@ledgerline/kernel';

/** One step into a JSON document: an object's key, or the position in an array (counted from 0). */
export type JsonPathSegment =
  { readonly kind: 'key'; readonly key: string } | { readonly kind: 'index'; readonly index: number };

/** A path of our own grammar, never handed to an engine as text: its steps are bound one by one. */
export interface JsonPath {
  readonly text: string;
  readonly segments: readonly JsonPathSegment[];
}

/** Longer than any path seen in practice, short enough that a meter with many groups stays one small statement. */
export const jsonPathLengthMax = 256;
/** Each step is one argument of every extraction; documents deeper than this are refused at ingest at 32. */
export const jsonPathDepthMax = 8;
// Ten million: a position beyond it cannot exist in an event of a megabyte.
const indexMax = 9_999_999;

const bareKey = /[A-Za-z_][A-Za-z0-9_-]*/y;
const notText = /\p{Surrogate}|\0/u;
const position = /\[(0|[1-9][0-9]*)\]/y;

const refuse = (text: string, reason: string): { readonly refused: ReturnType<typeof refusal.invalid> } => ({
  refused: refusal.invalid(`invalid JSONPath ${JSON.stringify(text.slice(0, jsonPathLengthMax))}: ${reason}`),
});

/**
 * Reads `$.a.b`, `$['any key']`, `$["any key"]` and `$.a[0]`, at most 8 steps. Wildcards, filters, slices, unions and
 * recursive descent are refused: a meter reads one value of an event.
 */
export function parseJsonPath(text: string): Decision<JsonPath> {
  if (text.length > jsonPathLengthMax) return refuse(text, `longer than ${jsonPathLengthMax} characters`);
  if (!text.startsWith('$')) return refuse(text, 'must start with $');
  const segments: JsonPathSegment[] = [];
  let at = 1;
  while (at < text.length) {
    const step = readStep(text, at);
    if ('reason' in step) return refuse(text, `${step.reason} at character ${at + 1}`);
    segments.push(step.segment);
    at = step.end;
    if (segments.length > jsonPathDepthMax) return refuse(text, `more than ${jsonPathDepthMax} steps`);
  }
  if (segments.length === 0) return refuse(text, 'must name a property, as in $.value');
  return { accepted: { text, segments } };
}

type Step = { readonly segment: JsonPathSegment; readonly end: number } | { readonly reason: string };

function readStep(text: string, at: number): Step {
  if (text.startsWith('..', at)) return { reason: 'recursive descent (..) is not supported' };
  if (text.startsWith('.*', at) || text.startsWith('[*', at)) {
    return { reason: 'wildcards (*) are not supported' };
  }
  if (text[at] === '.') {
    bareKey.lastIndex = at + 1;
    const key = bareKey.exec(text)?.[0];
    if (key === undefined) return { reason: "expected a key; write others quoted, as in $['any key']" };
    return { segment: { kind: 'key', key }, end: at + 1 + key.length };
  }
  if (text[at] !== '[') return { reason: 'expected . or [' };
  const quote = text[at + 1];
  if (quote === "'" || quote === '"') return readQuoted(text, at + 2, quote);
  if (quote === '?' || quote === '(') return { reason: 'filters and scripts are not supported' };
  position.lastIndex = at;
  const index = position.exec(text);
  if (index?.[1] === undefined) {
    return { reason: "expected a quoted key or one position, as in ['key'] or [0]" };
  }
  if (Number(index[1]) > indexMax) return { reason: `a position beyond ${indexMax} is not supported` };
  return { segment: { kind: 'index', index: Number(index[1]) }, end: at + index[0].length };
}

/** A quoted key: any characters, with \\ \' and \" as the only escapes. */
function readQuoted(text: string, start: number, quote: string): Step {
  let key = '';
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === quote) {
      if (text[at + 1] !== ']') return { reason: 'expected ] after the quoted key' };
      if (key === '') return { reason: 'an empty key is not supported' };
      // A lone surrogate has no UTF-8 form, and NUL cannot be told from the end of a text by every engine.
      if (notText.test(key)) return { reason: 'the key holds a character that is not text' };
      return { segment: { kind: 'key', key }, end: at + 2 };
    }
    if (character === '\\') {
      const escaped = text[at + 1];
      if (escaped !== '\\' && escaped !== "'" && escaped !== '"') {
        return { reason: 'only \\\\, \\\' and \\" may be escaped' };
      }
      key += escaped;
      at += 1;
    } else {
      key += character;
    }
  }
  return { reason: 'the quoted key does not end' };
}
