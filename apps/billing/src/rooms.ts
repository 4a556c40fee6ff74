import type { Room } from '@ledgerline/platform';

/**
 * The rooms of this app, downward order. A new room: export `const <name>Room: Room` from its index, add it here, and
 * bind the ports it names in bindings.ts.
 */
export const rooms: readonly Room[] = [];
