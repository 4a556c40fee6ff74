export { explain, runMain, type Running } from './run-main.js';
