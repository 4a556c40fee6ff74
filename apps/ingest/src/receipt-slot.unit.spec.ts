import { describe, expect, it } from '@jest/globals';
import { receiptSlotOf } from './receipt-slot.js';

describe('a preference for a representation', () => {
  it.each([
    'return=representation',
    'Return=Representation',
    'return = representation',
    'return="representation"',
    'return=representation; foo="some parameter"',
    'respond-async, wait=10, return=representation',
    ['wait=10', 'return=representation'],
  ])('%s', (prefer) => expect(receiptSlotOf(prefer)).toEqual({}));

  it.each([
    undefined,
    '',
    ',;=,"',
    'return',
    'return=minimal',
    'return=minimal, return=representation',
    'returns=representation',
    'foo="return=representation"',
    `${'x'.repeat(1_000)}, return=representation`,
  ])('not %s', (prefer) => expect(receiptSlotOf(prefer)).toBeUndefined());
});
