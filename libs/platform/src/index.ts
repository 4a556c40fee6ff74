export * from './due-work.js';
export * from './job-registry.js';
export type { LiveClock } from './live-clock.js';
export type { Notice } from './notice.js';
export type { OutsideLane } from './outside-lane.js';
export type { Room } from './room.js';
export * from './tokens.js';
