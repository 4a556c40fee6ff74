import type { RefusalIssue } from '@ledgerline/kernel';

/**
 * What is wrong with a plan. Critical issues keep it from being written, warnings from being published. Codes are
 * OpenMeter's; clients branch on them.
 */
export type Issue = RefusalIssue & { readonly field: string };

export const critical = (code: string, field: string, message: string): Issue => ({
  code,
  message,
  field,
  severity: 'critical',
});

export const warning = (code: string, field: string, message: string): Issue => ({
  code,
  message,
  field,
  severity: 'warning',
});

/** `phases[?(@.key=='pro')]`: a JSONPath segment that names a member of a list by its key. */
export const byKey = (list: string, key: string): string => `${list}[?(@.key=='${key}')]`;
