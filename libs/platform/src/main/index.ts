export { PlainError } from '../plain-error.js';
export { explain, runMain, type Running } from './run-main.js';
