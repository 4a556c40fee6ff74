// Classes of the two-part advisory locks. The one-part space is used for journal streams, so the two cannot meet.
export const migrationLock = 7001;
export const relayLock = 7002;
export const clockLock = 7003;
export const apiKeysLock = 7004;
