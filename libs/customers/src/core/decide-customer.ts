import { type Decision, findCurrency, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { attributedSubjects, type BillingAddress, type Customer } from './customer.js';

/** What a caller says about a customer; on update all of it replaces what was there. */
export interface CustomerDraft {
  readonly key?: string | undefined;
  readonly name: string;
  readonly description?: string | undefined;
  readonly primaryEmail?: string | undefined;
  readonly currency?: string | undefined;
  readonly billingAddress?: BillingAddress | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Absent: not mentioned, which on update means none. */
  readonly subjectKeys?: readonly string[] | undefined;
}

/** Somebody else has what a customer wants: a live customer its key or a subject, any customer an id like the key. */
export interface Claim {
  readonly kind: 'id' | 'key' | 'subject';
  readonly value: string;
  readonly customerId: string;
}

export interface CustomerFacts {
  readonly namespace: string;
  readonly now: Instant;
  readonly claims: readonly Claim[];
  /** Those of the wanted subject keys that are ids of subjects. */
  readonly subjectIds: ReadonlySet<string>;
}

/** Usage of a customer is asked for by all its subjects in one statement, each a parameter of it. */
export const subjectKeysMax = 1_000;
/** Characters; longer ones would not fit into an index of Postgres. */
export const subjectKeyLengthMax = 512;

export const customerNotFound = (namespace: string, idOrKey: string): Refusal =>
  refusal.notFound(`not found error: customer with id or key ${idOrKey} not found in ${namespace} namespace`);

export const customerIsDeleted = ({ namespace, id }: Customer): Refusal =>
  refusal.precondition(
    `precondition failed error: customer is deleted [namespace=${namespace} customer.id=${id}]`,
  );

export const keyConflict = (namespace: string, key: string): Refusal =>
  refusal.conflict(
    `conflict error: key "${key}" is already used by an another customer in the namespace ${namespace}`,
  );

export const subjectConflict = (namespace: string, subjects: readonly string[]): Refusal =>
  refusal.conflict(
    `conflict error: one or multiple subject keys of [${subjects.join(', ')}] are already associated with an existing customer in the namespace ${namespace}`,
  );

export function decideCreateCustomer(
  draft: CustomerDraft,
  facts: CustomerFacts & { readonly id: string },
): Decision<Customer> {
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  return {
    accepted: {
      id: facts.id,
      namespace: facts.namespace,
      ...replaceable(draft),
      primaryEmail: draft.primaryEmail,
      currency: draft.currency,
      billingAddress: draft.billingAddress,
      createdAt: facts.now,
      updatedAt: facts.now,
    },
  };
}

const replaceable = (draft: CustomerDraft) => ({
  key: draft.key,
  name: draft.name,
  description: draft.description,
  metadata: draft.metadata,
  usageAttribution: { subjectKeys: draft.subjectKeys ?? [] },
});

/** A full replacement, except that e-mail, currency and parts of a given address stay when they are not mentioned. */
export function decideUpdateCustomer(
  customer: Customer,
  draft: CustomerDraft,
  facts: CustomerFacts & { readonly hasActiveSubscription: boolean },
): Decision<Customer> {
  if (customer.deletedAt !== undefined) return { refused: customerIsDeleted(customer) };
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  // Not mentioning the keys would detach them too, so it is held to the same rule.
  const isChanged = !sameInOrder(customer.usageAttribution.subjectKeys, draft.subjectKeys ?? []);
  if (facts.hasActiveSubscription && isChanged) {
    const detail =
      'validation error: cannot change subject keys for customer with active subscriptions: the usage that is billed would become another';
    return { refused: refusal.invalid(detail) };
  }
  const { billingAddress } = draft;
  return {
    accepted: {
      ...customer,
      ...replaceable(draft),
      primaryEmail: draft.primaryEmail ?? customer.primaryEmail,
      currency: draft.currency ?? customer.currency,
      billingAddress: billingAddress && { ...customer.billingAddress, ...mentioned(billingAddress) },
      updatedAt: facts.now,
    },
  };
}

const mentioned = (address: BillingAddress): BillingAddress =>
  Object.fromEntries(Object.entries(address).filter(([, value]) => value !== undefined));

const sameInOrder = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

function refuseDraft(
  draft: CustomerDraft,
  { namespace, claims, subjectIds }: CustomerFacts,
): Refusal | undefined {
  const subjectKeys = draft.subjectKeys ?? [];
  if (draft.key === undefined && subjectKeys.length === 0) {
    return refusal.invalidField(
      '$.usageAttribution.subjectKeys',
      'customer_without_attribution',
      'either key or at least one usage attribution subject key is required',
    );
  }
  // Nothing could ever be billed in it: no plan has it, and a subscription must agree with its customer.
  if (draft.currency !== undefined && findCurrency(draft.currency) === undefined) {
    return refusal.invalidField('$.currency', 'currency_invalid', 'is not a currency of ISO 4217');
  }
  return refuseSubjectKeys(subjectKeys, subjectIds) ?? refuseClaims(draft, namespace, claims);
}

function refuseSubjectKeys(
  subjectKeys: readonly string[],
  subjectIds: ReadonlySet<string>,
): Refusal | undefined {
  const field = '$.usageAttribution.subjectKeys';
  if (subjectKeys.length > subjectKeysMax) {
    return refusal.invalidField(field, 'subject_keys_many', `must not be more than ${subjectKeysMax}`);
  }
  for (const [index, subject] of subjectKeys.entries()) {
    const place = `${field}[${index}]`;
    if (subject === '') return refusal.invalidField(place, 'subject_key_empty', 'must not be empty');
    if (subject.length > subjectKeyLengthMax) {
      const message = `must not be longer than ${subjectKeyLengthMax} characters`;
      return refusal.invalidField(place, 'subject_key_long', message);
    }
    if (subjectKeys.indexOf(subject) !== index) {
      return refusal.invalidField(place, 'subject_key_repeated', 'is given twice');
    }
    // Events name subjects by key: none would ever be the customer's.
    if (subjectIds.has(subject)) {
      return refusal.invalidField(place, 'subject_key_is_id', 'is the id of a subject: give its key instead');
    }
  }
  return undefined;
}

function refuseClaims(
  draft: CustomerDraft,
  namespace: string,
  claims: readonly Claim[],
): Refusal | undefined {
  const { key } = draft;
  if (key !== undefined && claims.some(({ value }) => value === key)) return keyConflict(namespace, key);
  const taken = claims.map(({ value }) => value);
  return taken.length === 0 ? undefined : subjectConflict(namespace, taken);
}

/** What a customer with this draft would be the owner of. */
export const subjectsOf = (draft: Pick<CustomerDraft, 'key' | 'subjectKeys'>): readonly string[] =>
  attributedSubjects({ key: draft.key, usageAttribution: { subjectKeys: draft.subjectKeys ?? [] } });

/** `objections` of all who keep something for the customer: they are told together. */
export function decideDeleteCustomer(
  customer: Customer,
  facts: { readonly now: Instant; readonly objections: readonly Refusal[] },
): Decision<Customer> {
  if (customer.deletedAt !== undefined) return { refused: customerIsDeleted(customer) };
  const refused = joinRefusals(facts.objections);
  if (refused !== undefined) return { refused };
  return { accepted: { ...customer, deletedAt: facts.now, updatedAt: facts.now } };
}

/** One refusal that tells all; a conflict among them makes it a conflict. */
function joinRefusals(refusals: readonly Refusal[]): Refusal | undefined {
  const [first, ...rest] = refusals;
  if (first === undefined || rest.length === 0) return first;
  const leading = refusals.find(({ kind }) => kind === 'conflict') ?? first;
  return {
    kind: leading.kind,
    detail: refusals.map(({ detail }) => detail).join('\n'),
    issues: refusals.flatMap(({ issues = [] }) => issues),
    extensions: Object.assign({}, ...refusals.map(({ extensions }) => extensions)) as Record<string, unknown>,
  };
}
