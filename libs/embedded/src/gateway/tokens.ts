import { syntaxError } from './failures.js';

/**
 * What a piece of SQL is, as far as the gateway must know. Offsets are bytes: the text is read as latin1, one
 * character per byte, so a cut never falls into the middle of a character of the caller's encoding.
 */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'symbol';
  /** Words in lower case; quoted names and strings without quotes and escapes; symbols as they are. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Outside quotes the engine skips Unicode blanks and refuses other non-ASCII; to us both only separate. */
const SPACE = /[\s\v\0\x80-\xff]/;
const WORD = /[A-Za-z0-9_]/;
/** The curly quotes ClickHouse takes for straight ones, as the UTF-8 bytes they are. */
const CURLY: Readonly<Record<string, { close: string; kind: 'string' | 'name' }>> = {
  '\xe2\x80\x98': { close: '\xe2\x80\x99', kind: 'string' },
  '\xe2\x80\x9c': { close: '\xe2\x80\x9d', kind: 'name' },
};

/** Yields the tokens of a statement, without comments. Errors: code 62 where a quote or comment does not end. */
export function* tokenise(sql: string): Generator<Token> {
  let at = 0;
  while (at < sql.length) {
    const next = skipBlank(sql, at);
    if (next !== at) {
      at = next;
      continue;
    }
    const token = readToken(sql, at);
    yield token;
    at = token.end;
  }
}

function skipBlank(sql: string, at: number): number {
  const char = sql.charAt(at);
  if (SPACE.test(char) && CURLY[sql.slice(at, at + 3)] === undefined) return at + 1;
  const two = sql.slice(at, at + 2);
  if (two === '--' || two === '#!' || two === '# ') {
    const newline = sql.indexOf('\n', at);
    return newline < 0 ? sql.length : newline + 1;
  }
  if (two === '/*') {
    const close = sql.indexOf('*/', at + 2);
    if (close < 0) throw syntaxError('a comment is not closed');
    return close + 2;
  }
  return at;
}

function readToken(sql: string, start: number): Token {
  const char = sql.charAt(start);
  if (char === "'") return readQuoted(sql, start, "'", 'string');
  if (char === '`' || char === '"') return readQuoted(sql, start, char, 'name');
  const curly = CURLY[sql.slice(start, start + 3)];
  if (curly !== undefined) return readCurly(sql, start, curly);
  if (char === '$') {
    const heredoc = readHeredoc(sql, start);
    if (heredoc !== undefined) return heredoc;
  }
  if (WORD.test(char)) {
    let end = start + 1;
    while (end < sql.length && (WORD.test(sql.charAt(end)) || sql.charAt(end) === '$')) end += 1;
    return { kind: 'word', value: sql.slice(start, end).toLowerCase(), start, end };
  }
  return { kind: 'symbol', value: char, start, end: start + 1 };
}

function readQuoted(sql: string, start: number, quote: string, kind: 'string' | 'name'): Token {
  let value = '';
  for (let at = start + 1; at < sql.length; at += 1) {
    const char = sql.charAt(at);
    if (char === '\\') {
      const { text, length } = readEscape(sql, at);
      value += text;
      at += length - 1;
    } else if (char !== quote) {
      value += char;
    } else if (sql.charAt(at + 1) === quote) {
      value += quote;
      at += 1;
    } else {
      return { kind, value, start, end: at + 1 };
    }
  }
  throw syntaxError(`a quote ${quote} is not closed`);
}

function readEscape(sql: string, at: number): { text: string; length: number } {
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(sql.slice(at, at + 4))?.[1];
  if (hex !== undefined) return { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 4 };
  return { text: sql.charAt(at + 1), length: 2 };
}

function readCurly(
  sql: string,
  start: number,
  { close, kind }: { close: string; kind: 'string' | 'name' },
): Token {
  const end = sql.indexOf(close, start + 3);
  if (end < 0) throw syntaxError('a quote is not closed');
  return { kind, value: sql.slice(start + 3, end), start, end: end + close.length };
}

function readHeredoc(sql: string, start: number): Token | undefined {
  const tag = /^\$[A-Za-z0-9_]*\$/.exec(sql.slice(start, start + 64))?.[0];
  if (tag === undefined) return undefined;
  const close = sql.indexOf(tag, start + tag.length);
  if (close < 0) return undefined;
  return { kind: 'string', value: sql.slice(start + tag.length, close), start, end: close + tag.length };
}
