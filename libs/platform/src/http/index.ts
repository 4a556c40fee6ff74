export { type Caller, createHttpApp, type HttpOptions } from './create-http-app.js';
