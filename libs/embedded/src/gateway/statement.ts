import { GatewayFailure, syntaxError } from './failures.js';
import { fence } from './fence.js';
import { LIMITS } from './limits.js';
import { tokenise, type Token } from './tokens.js';

/** What the gateway does with a statement. Texts are latin1: one character per byte. */
export type Statement =
  | {
      readonly kind: 'read';
      readonly body: string;
      readonly format: string | undefined;
      readonly tail: string;
    }
  | {
      readonly kind: 'insert-data';
      readonly format: string;
      readonly data: string;
      rewrite(file: string): string;
    }
  | { readonly kind: 'command'; readonly text: string };

const READS = new Set(['select', 'with', 'from', 'show', 'describe', 'desc', 'exists', 'explain', '(']);

/**
 * Reads a statement up to its inline data. Errors: 62 for what cannot be read and for several statements in one
 * request, 497 for what the fence refuses.
 */
export function readStatement(sql: string, params: ReadonlyMap<string, string>): Statement {
  const tokens: Token[] = [];
  let depth = 0;
  let ended: Token | undefined;
  let formatAt: number | undefined;
  for (const token of tokenise(sql)) {
    if (ended !== undefined) throw syntaxError('Multi-statements are not allowed');
    if (token.end > LIMITS.queryBytes) {
      throw new GatewayFailure(
        187,
        'QUERY_IS_TOO_LARGE',
        `The statement is longer than ${LIMITS.queryBytes} bytes.`,
      );
    }
    if (token.kind === 'symbol') {
      if (token.value === ';') {
        ended = token;
        continue;
      }
      if ('([{'.includes(token.value)) depth += 1;
      if (')]}'.includes(token.value)) depth -= 1;
    }
    tokens.push(token);
    const before = tokens.at(-2);
    const namesFormat =
      depth === 0 && token.kind === 'word' && before?.value === 'format' && before.kind === 'word';
    if (!namesFormat) continue;
    formatAt = tokens.length - 2;
    // What follows the format of an insert is data, not SQL; VALUES may hold expressions, so those are read on.
    if (tokens[0]?.value === 'insert' && token.value !== 'values') break;
  }
  const first = tokens[0];
  if (first === undefined) throw syntaxError('Empty query');
  fence(tokens, params);
  if (first.value === 'insert') return readInsert(sql, tokens, formatAt);
  const isRead = READS.has(first.value) && topLevelWord(tokens, 'insert') === undefined;
  if (isRead) return readQuery(sql, tokens, formatAt, ended);
  return { kind: 'command', text: sql.slice(0, ended?.start ?? sql.length) };
}

function readQuery(
  sql: string,
  tokens: readonly Token[],
  formatAt: number | undefined,
  ended: Token | undefined,
): Statement {
  const end = ended?.start ?? sql.length;
  const keyword = formatAt === undefined ? undefined : tokens[formatAt];
  const name = formatAt === undefined ? undefined : tokens[formatAt + 1];
  const after = formatAt === undefined ? undefined : tokens[formatAt + 2];
  // A column may be called format; the clause stands at the very end or before SETTINGS.
  const isClause = after === undefined || after.value === 'settings';
  if (keyword === undefined || name === undefined || !isClause) {
    return { kind: 'read', body: sql.slice(0, end), format: undefined, tail: '' };
  }
  return {
    kind: 'read',
    body: sql.slice(0, keyword.start),
    format: sql.slice(name.start, name.end),
    tail: sql.slice(name.end, end),
  };
}

function readInsert(sql: string, tokens: readonly Token[], formatAt: number | undefined): Statement {
  const keyword = formatAt === undefined ? undefined : tokens[formatAt];
  const name = formatAt === undefined ? undefined : tokens[formatAt + 1];
  if (keyword === undefined || name === undefined || name.value === 'values')
    return { kind: 'command', text: sql };
  const format = sql.slice(name.start, name.end);
  const head = tokens.slice(0, formatAt);
  const data = sql.slice(name.end).replace(/^[ \t\r]*\n?/, '');
  const text = sql.slice(0, keyword.start);
  const input = findInput(head, text);
  if (input !== undefined) {
    const rewrite = (file: string): string =>
      `${text.slice(0, input.start)}file('${file}', '${format}', ${input.structure})${text.slice(input.end)}`;
    return { kind: 'insert-data', format, data, rewrite };
  }
  if (topLevelWord(head, 'select') !== undefined) {
    if (data.trim() !== '') throw syntaxError('INSERT … SELECT takes data through input() only');
    return { kind: 'command', text };
  }
  const at = topLevelWord(head, 'settings')?.start ?? keyword.start;
  const rewrite = (file: string): string =>
    `${text.slice(0, at)} FROM INFILE '${file}' ${text.slice(at)} FORMAT ${format}`;
  return { kind: 'insert-data', format, data, rewrite };
}

/** The place of `input('structure')`, a table function that stands for the data of the request. */
function findInput(
  tokens: readonly Token[],
  text: string,
): { start: number; end: number; structure: string } | undefined {
  for (const [index, token] of tokens.entries()) {
    const [open, structure, close] = tokens.slice(index + 1, index + 4);
    if (token.kind !== 'word' || token.value !== 'input' || open?.value !== '(') continue;
    if (structure?.kind !== 'string' || close?.value !== ')') {
      throw new GatewayFailure(
        36,
        'BAD_ARGUMENTS',
        "input() takes its structure as one string: input('a UInt8, …')",
      );
    }
    return { start: token.start, end: close.end, structure: text.slice(structure.start, structure.end) };
  }
  return undefined;
}

function topLevelWord(tokens: readonly Token[], word: string): Token | undefined {
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && '([{'.includes(token.value)) depth += 1;
    if (token.kind === 'symbol' && ')]}'.includes(token.value)) depth -= 1;
    if (depth === 0 && token.kind === 'word' && token.value === word) return token;
  }
  return undefined;
}
