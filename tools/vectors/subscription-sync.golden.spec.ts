import { describeVectors } from './golden.js';
import { adapter } from './subscription-sync.js';

describeVectors({
  room: 'invoicing',
  adapter,
  kindsWithoutCore: ['timeline'],
});
