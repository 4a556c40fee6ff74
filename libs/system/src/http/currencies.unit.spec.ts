import { describe, expect, it } from '@jest/globals';
import { findCurrency } from '@ledgerline/kernel';
import { CurrenciesController } from './currencies.controller.js';

describe('the list of currencies', () => {
  it('holds what rooms accept, each once, by code', async () => {
    const list = await new CurrenciesController().list();
    const codes = list.map(({ code }) => code);
    expect(list).toContainEqual({ code: 'USD', name: 'US Dollar', symbol: '$', subunits: 2 });
    expect(list.find(({ code }) => code === 'JPY')?.subunits).toBe(0);
    expect(list.find(({ code }) => code === 'KWD')?.subunits).toBe(3);
    expect(codes).toEqual([...new Set(codes)].sort());
    for (const currency of list) {
      expect(currency.code).toMatch(/^[A-Z]{3}$/);
      expect(findCurrency(currency.code)).toEqual(currency);
    }
    expect(codes).not.toContain('DEM');
    expect(codes).not.toContain('BTC');
    expect(codes.length).toBeGreaterThan(150);
  });
});
