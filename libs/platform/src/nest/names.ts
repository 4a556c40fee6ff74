/** The one relay of an instance; its checkpoint and its lock carry this name. */
export const relayName = 'notices';

/** The consumer group in which all workers of an instance share the notices. */
export const noticesGroupOf = (topicPrefix: string): string => `${topicPrefix}billing-notices`;
