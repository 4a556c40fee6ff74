import { parse } from 'lossless-json';

/**
 * What the texts of a body say about numbers and characters that the parsed values no longer show. Three cheap signs are
 * gathered for a whole request; only where one is set is the data of its events read a second time, losslessly.
 */
export interface Oddities {
  /** Some number is not finite, or lies beyond 64 bits. */
  hasOutsized: boolean;
  /** Some number is zero or so small that digits may have been lost; decided by whether the text has an exponent at all. */
  hasTiny: boolean;
}

const TWO_TO_63 = 2 ** 63;
// Well above the smallest normal double (2.2e-308): below it fifteen digits may not survive.
const TINY = 1e-290;

export function noteNumber(value: number, oddities: Oddities): void {
  const size = Math.abs(value);
  // Written so that NaN, which JSON cannot hold, would count as outsized.
  if (!(size < TWO_TO_63)) oddities.hasOutsized = true;
  else if (size < TINY) oddities.hasTiny = true;
}

/**
 * True when the data of this body must be read losslessly. A double keeps any number of up to fifteen digits, so what is
 * looked for is a longer literal, a number outside of a double's comfortable range, and the escape of a lone surrogate. Repeated keys need no look:
 * what is forwarded is written from the parsed value, where the last one has won.
 */
export function needsLosslessRead(text: string, oddities: Oddities): boolean {
  return (
    oddities.hasOutsized ||
    (oddities.hasTiny && exponentLiteral.test(text)) ||
    hasLongNumber(text) ||
    (text.includes('\\u') && surrogateEscape.test(text))
  );
}

const exponentLiteral = /[:,[\s]-?[\d.]+[eE]/;
const surrogateEscape = /\\u[dD][89a-fA-F]/;

const LONG = 16;
const isDigitOrDot = (code: number): boolean => (code >= 48 && code <= 57) || code === 46;

/** True when a number literal of sixteen digits or more may be in the text. A run that long covers every sixteenth place. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigitOrDot(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && isDigitOrDot(text.charCodeAt(start - 1))) start -= 1;
    let end = at + 1;
    while (isDigitOrDot(text.charCodeAt(end))) end += 1;
    if (end - start >= LONG && opensNumber(text, start)) return true;
    // On from behind the run (its end is no digit): measuring it again from its next place would make long runs quadratic.
    at = end;
  }
  return false;
}

/** A number follows a colon, comma, bracket or blank; digits behind anything else are part of a string. */
function opensNumber(text: string, start: number): boolean {
  const before = text.charCodeAt(text.charCodeAt(start - 1) === 45 ? start - 2 : start - 1);
  return Number.isNaN(before) || before === 58 || before === 44 || before === 91 || before <= 32;
}

export interface CanonicalData {
  readonly data: string;
  /** The text as sent, where canonical data says something else than a plain reader would have read from it. */
  readonly dataSent: string | null;
}

/**
 * Canonical text of one event's data.
 * - A number that a double does not hold exactly becomes a string of the literal as sent: it counts the same.
 * - So does a whole number beyond 64 bits: in ClickHouse one of them makes every JSON_VALUE of the event empty (seen on 26.7).
 * - Of a repeated key the last one wins, as in `JSON.parse`; ClickHouse would take the first.
 * - A lone surrogate becomes U+FFFD, so that the text is valid UTF-8; ClickHouse refuses the whole text otherwise.
 *
 * @param sent valid JSON text of an object, as sent
 * @param value what `JSON.parse` made of it
 * @param literalMax characters of one number literal, since it may become a string
 * @returns undefined when a number literal is longer than that
 */
export function canonicalise(sent: string, value: unknown, literalMax: number): CanonicalData | undefined {
  let longest = 0;
  const exact = parse(sent, undefined, {
    parseNumber: (literal) => {
      longest = Math.max(longest, literal.length);
      return literal.length > literalMax ? 0 : readNumber(literal);
    },
    onDuplicateKey: ({ newValue }) => newValue,
  });
  if (longest > literalMax) return undefined;
  const data = replaceLoneSurrogates(JSON.stringify(exact));
  return { data, dataSent: data === JSON.stringify(value) ? null : sent };
}

function readNumber(literal: string): number | string {
  const value = Number(literal);
  const size = Math.abs(value);
  // From 1e21 on JSON.stringify writes an exponent, which ClickHouse reads as a double.
  const isBeyond64Bits = size >= TWO_TO_63 && size < 1e21;
  return Number.isFinite(value) && !isBeyond64Bits && isSameNumber(literal, String(value)) ? value : literal;
}

const isSameNumber = (a: string, b: string): boolean => normalForm(a) === normalForm(b);

/** Sign, digits without outer zeros, and exponent: equal for equal decimal values. */
function normalForm(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e');
  const isNegative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = (isNegative ? mantissa.slice(1) : mantissa).split('.');
  const digits = stripZeros(whole + fraction);
  if (digits.text === '') return '0';
  const scale = Number(exponent) - fraction.length + digits.trailing;
  return `${isNegative ? '-' : ''}${digits.text}e${scale}`;
}

function stripZeros(digits: string): { text: string; trailing: number } {
  let start = 0;
  let end = digits.length;
  while (start < end && digits.charCodeAt(start) === 48) start += 1;
  while (end > start && digits.charCodeAt(end - 1) === 48) end -= 1;
  return { text: digits.slice(start, end), trailing: digits.length - end };
}

// JSON.stringify writes a lone surrogate as an escape and a pair as a character; the second branch eats other escapes whole.
const loneSurrogates = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

function replaceLoneSurrogates(text: string): string {
  if (!text.includes('\\ud')) return text;
  const replaced = text.replace(loneSurrogates, (escape, lone: string | undefined) =>
    lone === undefined ? escape : '\ufffd',
  );
  // Two names may have become one.
  return JSON.stringify(JSON.parse(replaced));
}
