// Injection tokens. FEATURES and PLANS are the face for higher rooms; the others are ports that other rooms answer.
export const FEATURES = Symbol('catalog.FEATURES');
export const PLANS = Symbol('catalog.PLANS');
export const PRICE_BOOK = Symbol('catalog.PRICE_BOOK');

/** `FeatureReferences`: what keeps a feature from being archived. */
export const FEATURE_REFERENCES = Symbol('catalog.FEATURE_REFERENCES');
/** `MeterEntitlements`: entitlements keep a meter from being deleted. */
export const METER_ENTITLEMENTS = Symbol('catalog.METER_ENTITLEMENTS');
