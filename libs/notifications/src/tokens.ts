export const CHANNEL_STORE = Symbol('notifications.CHANNEL_STORE');
export const RULE_STORE = Symbol('notifications.RULE_STORE');
export const EVENT_STORE = Symbol('notifications.EVENT_STORE');
export const DELIVERY_STORE = Symbol('notifications.DELIVERY_STORE');
export const WATCH_STORE = Symbol('notifications.WATCH_STORE');
export const ENTITLEMENT_VIEWS = Symbol('notifications.ENTITLEMENT_VIEWS');
export const WEBHOOK_SENDER = Symbol('notifications.WEBHOOK_SENDER');
/** The machine's clock: requests to the outside and their retries know nothing of virtual time. */
export const MACHINE_CLOCK = Symbol('notifications.MACHINE_CLOCK');
