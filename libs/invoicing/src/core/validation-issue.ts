import type { Instant, RefusalIssue } from '@ledgerline/kernel';

/** Something that is wrong with an invoice, or a note that a person should read. */
export interface ValidationIssue {
  readonly id: string;
  readonly createdAt: Instant;
  readonly severity: 'critical' | 'warning';
  readonly message: string;
  readonly code?: string | undefined;
  /** Who found it: each producer replaces its own issues only. */
  readonly component: string;
  readonly field?: string | undefined;
}

export type FoundIssue = Pick<ValidationIssue, 'severity' | 'message' | 'code' | 'field'>;

export const components = {
  calculation: 'openmeter',
  metering: 'openmeter.metering',
  sync: 'subscription-sync',
} as const;

const nameOf = (issue: FoundIssue & { readonly component: string }): string =>
  JSON.stringify([issue.severity, issue.code ?? '', issue.message, issue.component, issue.field ?? '']);

/** The producer's issues of this run instead of those of its last; what is found again keeps its id. */
export function replaceIssues(
  existing: readonly ValidationIssue[],
  component: string,
  found: readonly FoundIssue[],
  made: { readonly newId: () => string; readonly now: Instant },
): readonly ValidationIssue[] {
  const others = existing.filter((issue) => issue.component !== component);
  return addIssues(others, component, found, { ...made, known: existing });
}

/** Adds issues to those there are; one that is already there is not added again. */
export function addIssues(
  existing: readonly ValidationIssue[],
  component: string,
  found: readonly FoundIssue[],
  made: {
    readonly newId: () => string;
    readonly now: Instant;
    readonly known?: readonly ValidationIssue[];
  },
): readonly ValidationIssue[] {
  const known = new Map((made.known ?? existing).map((issue) => [nameOf(issue), issue]));
  const result = new Map(existing.map((issue) => [nameOf(issue), issue]));
  for (const issue of found) {
    const name = nameOf({ ...issue, component });
    const kept = known.get(name) ?? { ...issue, component, id: made.newId(), createdAt: made.now };
    result.set(name, kept);
  }
  return [...result.values()];
}

export const foundIssue = ({ severity, message, code, field }: RefusalIssue): FoundIssue => ({
  severity,
  message,
  ...(code === '' ? {} : { code }),
  ...(field === undefined ? {} : { field }),
});

export const asWarnings = (issues: readonly ValidationIssue[]): readonly ValidationIssue[] =>
  issues.map((issue) => ({ ...issue, severity: 'warning' }));
