import { types } from 'node:util';

/** What an unknown thrown thing says, in one line. Not `instanceof`: Node's own errors may come from another realm. */
export const reasonOf = (error: unknown): string =>
  types.isNativeError(error) && error.message !== '' ? error.message : String(error);
