export const API_KEY_STORE = Symbol('namespaces.API_KEY_STORE');
export const NAMESPACE_STORE = Symbol('namespaces.NAMESPACE_STORE');
export const KEYS_TOPIC = Symbol('namespaces.KEYS_TOPIC');

export const CREATE_API_KEY = Symbol('namespaces.CREATE_API_KEY');
export const REVOKE_API_KEY = Symbol('namespaces.REVOKE_API_KEY');
export const CREATE_NAMESPACE = Symbol('namespaces.CREATE_NAMESPACE');
export const PREPARE_NAMESPACE = Symbol('namespaces.PREPARE_NAMESPACE');
export const PUBLISH_API_KEYS = Symbol('namespaces.PUBLISH_API_KEYS');
export const READ_ACCESS = Symbol('namespaces.READ_ACCESS');

/** `readonly NamespaceBootstrap[]`: what the rooms above need to have in a new namespace. */
export const NAMESPACE_BOOTSTRAPS = Symbol('namespaces.NAMESPACE_BOOTSTRAPS');
