/** The use case that moves virtual time; null when the time is the machine's. */
export const MOVE_CLOCK = Symbol('system.MOVE_CLOCK');
export const VIRTUAL_TIME = Symbol('system.VIRTUAL_TIME');
