export * from './generate-lines.js';
export * from './invoice-number.js';
export * from './state-machine.js';
