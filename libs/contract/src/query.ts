import { Refused, refusal } from '@ledgerline/kernel';
import { isStorable, notStorable, parseJson } from './json-body.js';
import type { JsonSchema, ParameterRow } from './operation-row.js';
import { resolved } from './validators.js';

// Node refuses request heads above 16 KiB; this leaves 4 KiB of them to the headers.
const queryLengthMax = 12_288;
// More repetitions than any filter of the contract takes (its longest list holds 100 values).
const pairsMax = 1_000;
// `filter[a][$and][0][$or][1][$like]` has five; deeper filters travel as JSON text.
const depthMax = 8;

interface Pair {
  readonly name: string;
  readonly keys: readonly string[];
  /** Still percent-encoded: a list's commas must be told from commas inside its values. */
  readonly raw: string;
}

type Tree = Map<string, Tree | string[]>;

function decode(raw: string, name: string): string {
  try {
    const text = decodeURIComponent(raw.replaceAll('+', ' '));
    if (!isStorable(text)) throw new Refused(refusal.invalidField(name, 'query.text', notStorable));
    return text;
  } catch (error) {
    if (error instanceof URIError)
      throw new Refused(refusal.invalidField(name, 'query.encoding', 'is not valid percent-encoding'));
    throw error;
  }
}

const bracketed = /^([^[\]]+)((?:\[[^[\]]*\])+)$/;

function parsePair(part: string): Pair {
  const cut = part.indexOf('=');
  const written = decode(cut === -1 ? part : part.slice(0, cut), 'query');
  const raw = cut === -1 ? '' : part.slice(cut + 1);
  const match = bracketed.exec(written);
  if (match === null) return { name: written, keys: [], raw };
  const [, name = '', brackets = ''] = match;
  const keys = brackets.slice(1, -1).split('][');
  if (keys.length > depthMax)
    throw new Refused(refusal.invalidField(name, 'query.depth', `is nested deeper than ${depthMax} levels`));
  return { name, keys, raw };
}

const branchesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  schema.allOf ?? schema.anyOf ?? schema.oneOf ?? schema.firstMatch ?? schema.onlyMatch ?? [];

/** The scalar types that a schema admits. */
function scalarTypes(schema: JsonSchema): ReadonlySet<string> {
  const target = resolved(schema);
  if (target.type !== undefined) return new Set([target.type].flat());
  return new Set(branchesOf(target).flatMap((branch) => [...scalarTypes(branch)]));
}

/** Texts become numbers and booleans only where the schema wants those; anything else is left for the schema to refuse. */
function scalar(schema: JsonSchema): (text: string) => unknown {
  const types = scalarTypes(schema);
  if (types.has('string')) return (text) => text;
  const wantsBoolean = types.has('boolean');
  const wantsNumber = types.has('number') || types.has('integer');
  return (text) => {
    if (wantsBoolean && (text === 'true' || text === 'false')) return text === 'true';
    if (wantsNumber && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
      const number = Number(text);
      // Beyond 2^53 it would not be the number that was sent, and no database takes an infinite offset.
      if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
    }
    return text;
  };
}

/** The schema's view of a member, through unions. */
function memberSchema(schema: JsonSchema, key: string): JsonSchema {
  const target = resolved(schema);
  const own = Object.hasOwn(target.properties ?? {}, key) ? target.properties?.[key] : undefined;
  if (own !== undefined) return own;
  for (const branch of branchesOf(target)) {
    const found = memberSchema(branch, key);
    if (Object.keys(found).length > 0) return found;
  }
  return typeof target.additionalProperties === 'object' ? target.additionalProperties : {};
}

function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  const target = resolved(schema);
  if (target.items !== undefined) return target.items;
  for (const branch of branchesOf(target)) {
    const found = itemsOf(branch);
    if (found !== undefined) return found;
  }
  return undefined;
}

const tooMany = (name: string): Refused =>
  new Refused(refusal.invalidField(name, 'query.repeated', 'takes one value but was given several'));

function insert(tree: Tree, keys: readonly string[], text: string, name: string): void {
  let at = tree;
  for (const key of keys.slice(0, -1)) {
    const next = at.get(key) ?? new Map<string, Tree | string[]>();
    if (!(next instanceof Map)) throw tooMany(name);
    at.set(key, next);
    at = next;
  }
  const last = keys.at(-1) ?? '';
  const texts = at.get(last) ?? [];
  if (texts instanceof Map) throw tooMany(name);
  texts.push(text);
  at.set(last, texts);
}

function fromTree(node: Tree | string[], schema: JsonSchema, name: string): unknown {
  const items = itemsOf(schema);
  if (!(node instanceof Map)) {
    if (items !== undefined) return node.map(scalar(items));
    if (node.length > 1) throw tooMany(name);
    return scalar(schema)(node[0] ?? '');
  }
  // A list written with `[]` or with indices.
  if (items !== undefined && [...node.keys()].every((key) => /^\d*$/.test(key)))
    return [...node.values()].flatMap((each) =>
      each instanceof Map ? [fromTree(each, items, name)] : each.map(scalar(items)),
    );
  // Keys come from outside: no prototype, so `__proto__` is a key like any other.
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, each] of node) object[key] = fromTree(each, memberSchema(schema, key), `${name}[${key}]`);
  return object;
}

function fromJson(text: string, name: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof Refused)
      throw new Refused(refusal.invalidField(name, 'query.json', error.refusal.detail));
    throw error;
  }
}

type Decoder = (pairs: readonly Pair[]) => unknown;

function decoderOf(row: ParameterRow): Decoder {
  const { name, schema } = row;
  const nested: Decoder = (pairs) => {
    const tree: Tree = new Map();
    for (const pair of pairs) insert(tree, pair.keys, decode(pair.raw, name), name);
    return fromTree(tree, schema, name);
  };
  if (row.encoding === 'json' || row.style === 'deepObject')
    return (pairs) => {
      const [whole] = pairs.filter(({ keys }) => keys.length === 0);
      if (whole === undefined) return nested(pairs);
      if (pairs.length > 1) throw tooMany(name);
      const text = decode(whole.raw, name);
      // A deep object has no form of its own without brackets: the schema refuses the plain text.
      return row.encoding === 'json' ? fromJson(text, name) : text;
    };
  const items = itemsOf(schema);
  if (items !== undefined) {
    const one = scalar(items);
    return (pairs) =>
      pairs.flatMap(({ raw }) => (row.explode ? [raw] : raw.split(','))).map((raw) => one(decode(raw, name)));
  }
  const one = scalar(schema);
  return (pairs) => {
    if (pairs.length > 1) throw tooMany(name);
    return one(decode(pairs[0]?.raw ?? '', name));
  };
}

/** Reads a raw query string by the definitions of an operation's parameters; what is not defined is ignored. */
export type QueryDecoder = (queryString: string) => Record<string, unknown>;

export function queryDecoder(parameters: readonly ParameterRow[]): QueryDecoder {
  const decoders = new Map(
    parameters
      .filter((row) => row.in === 'query')
      .map((row) => [
        row.name,
        { decode: decoderOf(row), nests: row.encoding === 'json' || row.style === 'deepObject' },
      ]),
  );
  return (queryString) => {
    const query: Record<string, unknown> = {};
    if (queryString === '') return query;
    if (queryString.length > queryLengthMax)
      throw new Refused(refusal.invalid(`The query string is longer than ${queryLengthMax} characters.`));
    const parts = queryString.split('&', pairsMax + 1);
    if (parts.length > pairsMax)
      throw new Refused(refusal.invalid(`The query string has more than ${pairsMax} parameters.`));
    const groups = new Map<string, Pair[]>();
    for (const part of parts) {
      if (part === '') continue;
      const pair = parsePair(part);
      const decoder = decoders.get(pair.name);
      if (decoder === undefined || (pair.keys.length > 0 && !decoder.nests)) continue;
      const group = groups.get(pair.name);
      if (group === undefined) groups.set(pair.name, [pair]);
      else group.push(pair);
    }
    for (const [name, pairs] of groups) query[name] = decoders.get(name)?.decode(pairs);
    return query;
  };
}

/** The same rules for a path parameter, which arrives decoded. */
export const pathDecoder = (row: ParameterRow): ((text: string) => unknown) => scalar(row.schema);
