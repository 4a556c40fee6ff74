export const ENTITLEMENT_STORE = Symbol('entitlements.ENTITLEMENT_STORE');
export const GRANT_STORE = Symbol('entitlements.GRANT_STORE');
