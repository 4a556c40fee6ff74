export * from './feature.js';
export * from './plan.js';
export * from './price.js';
export * from './rate-card.js';
