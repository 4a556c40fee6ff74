// Injection tokens. A symbol's text is what a start that misses one prints.
export const UNIT_OF_WORK = Symbol('platform.UNIT_OF_WORK');
export const CLOCK = Symbol('platform.CLOCK');
export const CLICKHOUSE = Symbol('platform.CLICKHOUSE');
/** Texts shared by all processes, any of which may vanish: `Cache`. */
export const CACHE = Symbol('platform.CACHE');
export const JOB_QUEUE = Symbol('platform.JOB_QUEUE');
export const JOB_REGISTRY = Symbol('platform.JOB_REGISTRY');
/** Work that talks to the outside, which virtual time neither waits for nor hurries: `OutsideLane`. */
export const OUTSIDE_LANE = Symbol('platform.OUTSIDE_LANE');
export const DUE_WORK = Symbol('platform.DUE_WORK');
export const LOGGER = Symbol('platform.LOGGER');
export const METRICS = Symbol('platform.METRICS');
export const CONFIG = Symbol('platform.CONFIG');
export const KAFKA = Symbol('platform.KAFKA');
export const POSTGRES = Symbol('platform.POSTGRES');
