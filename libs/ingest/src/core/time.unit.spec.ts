import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isStorableTime, parseRfc3339Seconds } from './time.js';

const utc = (text: string): number => Math.floor(Date.parse(text) / 1000);

describe('parseRfc3339Seconds', () => {
  it.each([
    ['2023-01-01T01:01:01.001Z', utc('2023-01-01T01:01:01Z')],
    ['2023-01-01t01:01:01z', utc('2023-01-01T01:01:01Z')],
    ['2023-01-01T01:01:01.999999999999Z', utc('2023-01-01T01:01:01Z')],
    ['2024-02-29T23:59:59Z', utc('2024-02-29T23:59:59Z')],
    ['2000-02-29T00:00:00Z', utc('2000-02-29T00:00:00Z')],
    ['2023-01-01T00:00:00+05:45', utc('2022-12-31T18:15:00Z')],
    ['2023-01-01T00:00:00-12:00', utc('2023-01-01T12:00:00Z')],
    ['2023-01-01T00:00:00-00:00', utc('2023-01-01T00:00:00Z')],
    // The fraction is dropped towards the past also before 1970.
    ['1969-12-31T23:59:59.5Z', -1],
    ['1970-01-01T00:00:00Z', 0],
    ['1900-01-01T00:00:00Z', -2_208_988_800],
    ['2299-12-31T23:59:59Z', 10_413_791_999],
    ['0000-03-01T00:00:00Z', utc('0000-03-01T00:00:00Z')],
    // Leap seconds stay in the day they end, whatever the zone.
    ['2016-12-31T23:59:60Z', utc('2016-12-31T23:59:59Z')],
    ['2017-01-01T00:59:60+01:00', utc('2016-12-31T23:59:59Z')],
    ['1969-12-31T23:59:60Z', -1],
  ])('%s is %d', (text, seconds) => {
    expect(parseRfc3339Seconds(text)).toBe(seconds);
  });

  it.each([
    '',
    'yesterday',
    '2023-01-01',
    '2023-01-01T01:01:01',
    '2023-01-01 01:01:01Z',
    '2023-01-01T01:01Z',
    '2023-01-01T01:01:01.Z',
    '2023-01-01T01:01:01,5Z',
    '2023-01-01T01:01:01+0100',
    '2023-01-01T01:01:01+01',
    '2023-01-01T01:01:01+24:00',
    '2023-01-01T01:01:01+01:60',
    '2023-01-01T01:01:01Zx',
    '2023-01-01T01:01:01Z ',
    ' 2023-01-01T01:01:01Z',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-00-01T00:00:00Z',
    '2023-01-00T00:00:00Z',
    '2023-04-31T00:00:00Z',
    '2023-01-01T24:00:00Z',
    '2023-01-01T00:60:00Z',
    '2023-01-01T12:00:60Z',
    '2023-01-01T00:00:61Z',
    '+002023-01-01T00:00:00Z',
    '2023-W01-1T00:00:00Z',
    '2O23-01-01T00:00:00Z',
    '２０２３-01-01T00:00:00Z',
    `2023-01-01T01:01:01.${'0'.repeat(100_000)}Z`,
  ])('%s is no RFC 3339 time', (text) => {
    expect(parseRfc3339Seconds(text)).toBeNaN();
  });

  it('agrees with Date on every instant and offset', () => {
    const instants = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 - 86_400 });
    const offsets = fc.integer({ min: -23 * 60, max: 23 * 60 });
    fc.assert(
      fc.property(instants, offsets, (seconds, offset) => {
        const local = new Date((seconds + offset * 60) * 1000).toISOString();
        fc.pre(/^\d{4}-/.test(local));
        const size = Math.abs(offset);
        const two = (value: number): string => String(value).padStart(2, '0');
        const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        expect(parseRfc3339Seconds(`${local.slice(0, 19)}${zone}`)).toBe(seconds);
      }),
    );
  });

  it('takes no text that Date or the calendar would refuse', () => {
    const parts = fc.stringMatching(/^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-5]\d(\.\d{1,3})?Z$/);
    fc.assert(
      fc.property(parts, (text) => {
        const asDate = Date.parse(text);
        const isReal = !Number.isNaN(asDate) && new Date(asDate).toISOString().startsWith(text.slice(0, 19));
        expect(parseRfc3339Seconds(text)).toBe(isReal ? Math.floor(asDate / 1000) : Number.NaN);
      }),
    );
  });
});

describe('isStorableTime', () => {
  it.each([
    [-2_208_988_801, false],
    [-2_208_988_800, true],
    [10_413_791_999, true],
    [10_413_792_000, false],
  ])('%d: %s', (seconds, storable) => {
    expect(isStorableTime(seconds)).toBe(storable);
  });
});
