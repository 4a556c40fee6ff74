import { Temporal } from 'temporal-polyfill';

export { Temporal };
export type Instant = Temporal.Instant;

/** Where "now" comes from. Only mains, feature layers and tests hold one; cores get `now` as an argument. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => Temporal.Now.instant() };

export const instant = (text: string): Instant => Temporal.Instant.from(text);
export const instantFromMs = (epochMs: number): Instant => Temporal.Instant.fromEpochMilliseconds(epochMs);
export const compareInstants = (a: Instant, b: Instant): number => Temporal.Instant.compare(a, b);
export const isBefore = (a: Instant, b: Instant): boolean => compareInstants(a, b) < 0;
export const isAtOrBefore = (a: Instant, b: Instant): boolean => compareInstants(a, b) <= 0;
export const sameInstant = (a: Instant, b: Instant): boolean => compareInstants(a, b) === 0;
export const earliest = (first: Instant, ...rest: readonly Instant[]): Instant =>
  rest.reduce((a, b) => (isBefore(b, a) ? b : a), first);
export const latest = (first: Instant, ...rest: readonly Instant[]): Instant =>
  rest.reduce((a, b) => (isBefore(a, b) ? b : a), first);

export const floorToSecond = (at: Instant): Instant =>
  at.round({ smallestUnit: 'second', roundingMode: 'floor' });

declare const minuteAligned: unique symbol;
/** An instant on a full minute: the resolution of credit time. Unaligned instants cannot reach the engine. */
export type MinuteInstant = Instant & { readonly [minuteAligned]: true };

export const floorToMinute = (at: Instant): MinuteInstant =>
  at.round({ smallestUnit: 'minute', roundingMode: 'floor' }) as MinuteInstant;
export const ceilToMinute = (at: Instant): MinuteInstant =>
  at.round({ smallestUnit: 'minute', roundingMode: 'ceil' }) as MinuteInstant;

/** RFC 3339 in UTC with trailing zeros of the fraction dropped, as the contract's date-times are written. */
export const toRfc3339 = (at: Instant): string => at.toString();
