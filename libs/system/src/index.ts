export { type FollowedClock, followClock } from './store/clock-topic.js';
export { machineClock, openClock, PostgresClock } from './store/postgres-clock.js';
export { SystemModule } from './system.module.js';
