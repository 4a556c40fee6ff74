/** Why we say no to a request. Closed on purpose: one filter maps each kind to its HTTP status. */
export type RefusalKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'precondition'
  | 'too-large'
  | 'unsupported-media-type'
  | 'too-many-requests'
  | 'not-implemented'
  | 'unavailable';

/** One thing that is wrong with one field. `field` is a JSONPath from the request body's root (`$.phases[0].key`). */
export interface RefusalIssue {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
  readonly severity: 'critical' | 'warning';
  readonly component?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** An expected no. */
export interface Refusal {
  readonly kind: RefusalKind;
  readonly detail: string;
  readonly issues?: readonly RefusalIssue[];
  /** Extra members of the problem document's `extensions`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Seconds a client should wait; becomes the Retry-After header. */
  readonly retryAfterSeconds?: number;
}

/** Carries a refusal from a use case to the one filter that answers it. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

/** What a pure decision answers: the accepted outcome, or why not. */
export type Decision<T> =
  { readonly accepted: T; readonly refused?: undefined } | { readonly refused: Refusal };

/** Unwraps a decision, throwing its refusal. */
export function acceptedOrThrow<T>(decision: Decision<T>): T {
  if (decision.refused !== undefined) throw new Refused(decision.refused);
  return decision.accepted;
}

type Extra = Omit<Refusal, 'kind' | 'detail'>;
const make =
  (kind: RefusalKind) =>
  (detail: string, extra: Extra = {}): Refusal => ({ kind, detail, ...extra });

export const refusal = {
  invalid: make('invalid'),
  unauthenticated: make('unauthenticated'),
  forbidden: make('forbidden'),
  notFound: make('not-found'),
  methodNotAllowed: make('method-not-allowed'),
  conflict: make('conflict'),
  precondition: make('precondition'),
  tooLarge: make('too-large'),
  unsupportedMediaType: make('unsupported-media-type'),
  tooManyRequests: make('too-many-requests'),
  notImplemented: make('not-implemented'),
  unavailable: make('unavailable'),
  /** A single bad field: 400 that names it. */
  invalidField: (field: string, code: string, message: string): Refusal => ({
    kind: 'invalid',
    detail: `${field}: ${message}`,
    issues: [{ code, message, field, severity: 'critical' }],
  }),
} as const;
