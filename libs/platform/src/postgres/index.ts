export { managerOf } from './handles.js';
