import type { components } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { SubjectDraft } from '../core/decide-subject.js';
import type { Subject, SubjectMetadata } from '../core/subject.js';

type Schemas = components['schemas'];

/** The current period is accepted and kept nowhere, as upstream. */
export const subjectFromApi = (body: Schemas['SubjectUpsert']): SubjectDraft => ({
  key: body.key,
  displayName: body.displayName,
  // The contract calls the values unknown; they came out of a JSON body.
  metadata: body.metadata as SubjectMetadata | null | undefined,
  stripeCustomerId: body.stripeCustomerId,
});

export const subjectToApi = (subject: Subject): Schemas['Subject'] => ({
  id: subject.id,
  key: subject.key,
  ...(subject.displayName === undefined ? {} : { displayName: subject.displayName }),
  ...(subject.metadata === undefined ? {} : { metadata: { ...subject.metadata } }),
  ...(subject.stripeCustomerId === undefined ? {} : { stripeCustomerId: subject.stripeCustomerId }),
  createdAt: toRfc3339(subject.createdAt),
  updatedAt: toRfc3339(subject.updatedAt),
  ...(subject.deletedAt === undefined ? {} : { deletedAt: toRfc3339(subject.deletedAt) }),
});
