export * from './app.js';
export * from './listings.js';
export * from './ports.js';
export * from './sandbox.js';
