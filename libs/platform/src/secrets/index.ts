export { createSealer, newSealingKey, SealError, type Sealer } from './sealer.js';
