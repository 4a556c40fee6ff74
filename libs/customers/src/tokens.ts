/** `Customers`: the face for higher rooms. */
export const CUSTOMERS = Symbol('customers.CUSTOMERS');
export const CUSTOMER_STORE = Symbol('customers.CUSTOMER_STORE');
export const SUBJECT_STORE = Symbol('customers.SUBJECT_STORE');

/** `readonly DeletionGuard[]`: what keeps a customer from being deleted. */
export const CUSTOMER_DELETION_GUARDS = Symbol('customers.CUSTOMER_DELETION_GUARDS');
/** `CustomerSubscriptions`: to show them, and to know whether there are any. */
export const CUSTOMER_SUBSCRIPTIONS = Symbol('customers.CUSTOMER_SUBSCRIPTIONS');
