import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { subjectKeyLengthMax } from './decide-customer.js';
import type { Subject, SubjectMetadata } from './subject.js';

/** What a caller says about a subject: what is absent stays, null clears. */
export interface SubjectDraft {
  readonly key: string;
  readonly displayName?: string | null | undefined;
  readonly metadata?: SubjectMetadata | null | undefined;
  readonly stripeCustomerId?: string | null | undefined;
}

/** One transaction locks them all; a longer import is sent in parts. */
const subjectsPerRequestMax = 1_000;

export const subjectNotFound = (namespace: string, idOrKey: string): Refusal =>
  refusal.notFound(`not found error: subject not found with id or key ${idOrKey} in ${namespace} namespace`);

/** What is wrong with a request before anything is read. */
export function refuseSubjectDrafts(drafts: readonly SubjectDraft[]): Refusal | undefined {
  if (drafts.length > subjectsPerRequestMax) {
    return refusal.invalidField('$', 'subjects_many', `must not be more than ${subjectsPerRequestMax}`);
  }
  const seen = new Set<string>();
  for (const [index, { key, stripeCustomerId }] of drafts.entries()) {
    const place = `$[${index}]`;
    if (key === '') return refusal.invalidField(`${place}.key`, 'subject_key_empty', 'must not be empty');
    if (key.length > subjectKeyLengthMax) {
      const message = `must not be longer than ${subjectKeyLengthMax} characters`;
      return refusal.invalidField(`${place}.key`, 'subject_key_long', message);
    }
    if (seen.has(key)) return refusal.invalidField(`${place}.key`, 'subject_key_repeated', 'is given twice');
    seen.add(key);
    // Null and absent say nothing about an id.
    if (typeof stripeCustomerId === 'string' && !stripeCustomerId.startsWith('cus_')) {
      const field = `${place}.stripeCustomerId`;
      return refusal.invalidField(field, 'stripe_customer_id_invalid', 'must start with cus_');
    }
  }
  return undefined;
}

/** A partial update of exactly what the draft mentions. */
export const planSubjectChange = (subject: Subject, draft: SubjectDraft, now: Instant): Subject => ({
  ...subject,
  displayName: changed(subject.displayName, draft.displayName),
  metadata: changed(subject.metadata, draft.metadata),
  stripeCustomerId: changed(subject.stripeCustomerId, draft.stripeCustomerId),
  updatedAt: now,
});

const changed = <T>(was: T | undefined, said: T | null | undefined): T | undefined =>
  said === undefined ? was : (said ?? undefined);

/** A bare subject of this key; `planSubjectChange` adds what is known of it. */
export const newSubject = (id: string, namespace: string, key: string, now: Instant): Subject => ({
  id,
  namespace,
  key,
  createdAt: now,
  updatedAt: now,
});

/** The subjects of a customer's subject keys, as they are made when nobody has made them before. */
export const provisionedSubject = (
  subject: Pick<Subject, 'id' | 'namespace' | 'key'>,
  customerId: string,
  now: Instant,
): Subject => ({
  ...newSubject(subject.id, subject.namespace, subject.key, now),
  metadata: { createdBy: 'subject.provisioner', customerId },
});

/** Deleting twice changes nothing. */
export function decideDeleteSubject(
  subject: Subject | undefined,
  facts: { readonly namespace: string; readonly idOrKey: string; readonly now: Instant },
): Decision<Subject | 'deleted before'> {
  if (subject === undefined) return { refused: subjectNotFound(facts.namespace, facts.idOrKey) };
  if (subject.deletedAt !== undefined) return { accepted: 'deleted before' };
  return { accepted: { ...subject, deletedAt: facts.now, updatedAt: facts.now } };
}
