/** The face for higher rooms: `Subscriptions`. */
export const SUBSCRIPTIONS = Symbol('subscriptions.SUBSCRIPTIONS');
export const SUBSCRIPTION_STORE = Symbol('subscriptions.SUBSCRIPTION_STORE');

// Ports that other rooms answer.
/** `EntitlementWriter`, of entitlements. */
export const ENTITLEMENT_WRITER = Symbol('subscriptions.ENTITLEMENT_WRITER');
/** `EntitlementViews`, of entitlements. */
export const ENTITLEMENT_VIEWS = Symbol('subscriptions.ENTITLEMENT_VIEWS');
/** `BillingReadiness`, of invoicing. */
export const BILLING_READINESS = Symbol('subscriptions.BILLING_READINESS');
