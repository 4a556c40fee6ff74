export { type ClockStep, planClockStep } from './plan-clock-step.js';
export type { ClockSurroundings, DueItem } from './ports.js';
