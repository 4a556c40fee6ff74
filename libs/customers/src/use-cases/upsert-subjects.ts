import type { RequestContext } from '@ledgerline/contract';
import { invariant, newId, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import {
  newSubject,
  planSubjectChange,
  refuseSubjectDrafts,
  type SubjectDraft,
} from '../core/decide-subject.js';
import type { SubjectStore } from '../core/ports.js';
import type { Subject } from '../core/subject.js';
import { SUBJECT_STORE } from '../tokens.js';
import { scopeOf, subjectFact } from './scope.js';

/** All of them or none: one transaction. */
export class UpsertSubjects {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
  ) {}

  async run(context: RequestContext, drafts: readonly SubjectDraft[]): Promise<readonly Subject[]> {
    const refused = refuseSubjectDrafts(drafts);
    if (refused !== undefined) throw new Refused(refused);
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const fresh = drafts.map(({ key }) => newSubject(newId(), tx.namespace, key, tx.at));
      const ours = new Set(fresh.map(({ id }) => id));
      const claimed = await this.subjects.claim(tx, fresh);
      const byKey = new Map(claimed.map((subject) => [subject.key, subject]));
      const changed = drafts.map((draft) => {
        const subject = byKey.get(draft.key);
        invariant(subject !== undefined, `subject ${draft.key} was claimed`);
        return planSubjectChange(subject, draft, tx.at);
      });
      await this.subjects.update(tx, changed);
      const facts = changed.map((subject) =>
        subjectFact(ours.has(subject.id) ? 'SubjectCreated' : 'SubjectUpdated', subject),
      );
      await this.unitOfWork.append(tx, facts);
      return changed;
    });
  }
}
