import { describe, expect, it } from '@jest/globals';
import { fixedClock } from './clock.js';
import { eventually, NotYet } from './eventually.js';

describe('eventually', () => {
  it('returns what the check gives once it gives something', async () => {
    const answers = [undefined, false, null, 0];
    expect(await eventually(() => answers.shift(), { what: 'zero' })).toBe(0);
  });
  it.each([
    ['the value', () => undefined, 'undefined'],
    ['the error', () => Promise.reject(new Error('no such table')), 'no such table'],
    ['what the check saw', () => Promise.reject(new NotYet({ rows: 3 })), '{ rows: 3 }'],
  ])('says what it waited for and %s it saw last', async (_name, check, last) => {
    await expect(eventually<number>(check, { what: 'ten rows', deadlineMs: 30 })).rejects.toThrow(
      `waited 0.03 s for ten rows; last seen: ${last}`,
    );
  });
});

describe('fixedClock', () => {
  it('stands still until it is set', () => {
    const clock = fixedClock('2024-01-31T00:00:00Z');
    expect(clock.now()).toBe(clock.now());
    clock.set('2024-02-01T00:00:00Z');
    expect(clock.now().toString()).toBe('2024-02-01T00:00:00Z');
  });
});
