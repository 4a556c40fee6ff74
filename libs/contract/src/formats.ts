import { parseDuration } from '@ledgerline/kernel';
import type { Format } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * RFC 3339 as the kernel's `instant()` reads it: capital T and Z, at most nine digits of a second, no leap second,
 * a day that exists. Whatever passes here must not throw there.
 */
function isDateTime(text: string): boolean {
  const match = rfc3339.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const isDuration = (text: string): boolean => parseDuration(text) !== undefined;
const integerBetween = (from: number, to: number): Format => ({
  type: 'number',
  validate: (value: number) => Number.isInteger(value) && value >= from && value <= to,
});
// Beyond 2^53 a JSON number is no longer the one that was sent, so the 64-bit formats end there.
const safe = Number.MAX_SAFE_INTEGER;

export const formats: Readonly<Record<string, Format>> = {
  'date-time': isDateTime,
  duration: isDuration,
  ISO8601: isDuration,
  json: isJson,
  uri: fullFormats.uri,
  'uri-reference': fullFormats['uri-reference'],
  password: true,
  double: { type: 'number', validate: Number.isFinite },
  int16: integerBetween(-32_768, 32_767),
  int32: integerBetween(-2_147_483_648, 2_147_483_647),
  int64: integerBetween(-safe, safe),
  uint8: integerBetween(0, 255),
  uint32: integerBetween(0, 4_294_967_295),
  uint64: integerBetween(0, safe),
};
