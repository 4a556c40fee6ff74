import { describe, expect, it } from '@jest/globals';
import type { Aggregation } from '@ledgerline/metering/core';
import { parseJsonPath } from '@ledgerline/metering/core';
import { readUnitCost } from './check-unit-cost.js';
import { type LlmUnitCostJson, propertiesOf, type UnitCostJson, unitCostToJson } from './unit-cost.js';

const read = parseJsonPath('$.x');
if (read.refused !== undefined) throw new Error(read.refused.detail);
const path = read.accepted;
const meter = (aggregation: Aggregation = 'SUM') => ({
  aggregation,
  groupBy: ['provider', 'model', 'type'].map((key) => ({ key, path })),
});
const llm = (rest: Partial<LlmUnitCostJson>): LlmUnitCostJson => ({
  type: 'llm',
  provider: 'acme',
  modelProperty: 'model',
  tokenTypeProperty: 'type',
  ...rest,
});

describe('unit cost', () => {
  it.each<[UnitCostJson, readonly string[]]>([
    [{ type: 'manual', amount: '0.05' }, []],
    [llm({}), ['model', 'type']],
    [{ type: 'llm', providerProperty: 'provider', model: 'm', tokenType: 'cache_read' }, ['provider']],
  ])('comes back as it was given: %j', (json, properties) => {
    const cost = readUnitCost(json, meter());
    if (cost.refused !== undefined) throw new Error(cost.refused.detail);
    expect(unitCostToJson(cost.accepted)).toEqual(json);
    expect(propertiesOf(cost.accepted)).toEqual(properties);
  });

  it.each<[string, UnitCostJson, string]>([
    ['a negative amount', { type: 'manual', amount: '-1' }, 'amount'],
    ['too many digits', { type: 'manual', amount: `1${'0'.repeat(12)}` }, 'amount'],
    ['provider and its property', llm({ providerProperty: 'provider' }), 'providerProperty'],
    ['model and its property', llm({ model: 'm' }), 'modelProperty'],
    ['token type and its property', llm({ tokenType: 'input' }), 'tokenTypeProperty'],
    ['no provider', { type: 'llm', model: 'm', tokenType: 'input' }, 'provider'],
    ['no model', { type: 'llm', provider: 'p', tokenType: 'input' }, 'model'],
    ['no token type', { type: 'llm', provider: 'p', model: 'm' }, 'tokenType'],
    ['a blank model', { type: 'llm', provider: 'p', model: ' ', tokenType: 'input' }, 'model'],
    ['a token type nobody has', { type: 'llm', provider: 'p', model: 'm', tokenType: 'prompt' }, 'tokenType'],
    ['a property that is no group', llm({ modelProperty: 'colour' }), 'modelProperty'],
  ])('refuses %s by name', (_what, json, field) => {
    expect(readUnitCost(json, meter()).refused?.issues?.[0]?.field).toBe(`$.unitCost.${field}`);
  });

  it.each<Aggregation>(['UNIQUE_COUNT', 'LATEST'])(
    'refuses tokens of %s, which do not add up',
    (aggregation) => {
      expect(readUnitCost(llm({}), meter(aggregation)).refused?.issues?.[0]?.field).toBe('$.unitCost.type');
      expect(readUnitCost({ type: 'manual', amount: '1' }, meter(aggregation)).refused).toBeUndefined();
    },
  );

  it('needs a meter to name groups of', () => {
    expect(readUnitCost(llm({}), undefined).refused?.detail).toContain('the feature has no meter');
    expect(readUnitCost({ type: 'manual', amount: '1' }, undefined).refused).toBeUndefined();
  });
});
