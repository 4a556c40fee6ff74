import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { refusal, Refused } from '@ledgerline/kernel';
import { explain } from './run-main.js';

describe('explaining why a service cannot start', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const said = (error: unknown): string => {
    const lines: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    explain(error);
    return lines.join('');
  };

  it('is one line for a declared meter that contradicts the one that exists', () => {
    const error = new Refused(refusal.conflict('meters: one: eventType cannot change'));
    expect(said(error)).toBe('meters: one: eventType cannot change\n');
  });

  it('is the stack for what is our fault', () => {
    expect(said(new Error('broken'))).toContain('run-main.unit.spec');
  });
});
