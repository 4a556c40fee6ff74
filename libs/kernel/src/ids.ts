import { monotonicFactory } from 'ulid';

const next = monotonicFactory();

/** A new ULID: 26 characters, sortable by creation within this process. */
export const newId = (): string => next();

// Crockford base 32; the first character is at most 7 because a ULID has 128 bits.
const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/;
export const isUlid = (text: string): boolean => ulidPattern.test(text);
