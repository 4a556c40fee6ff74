import { describeVectors } from './golden.js';
import { adapter } from './rating.js';

describeVectors({ room: 'rating', adapter, kindsWithoutCore: ['invoice_scenario'] });
