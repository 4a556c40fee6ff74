import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideDeleteSubject } from '../core/decide-subject.js';
import type { SubjectStore } from '../core/ports.js';
import { SUBJECT_STORE } from '../tokens.js';
import { scopeOf, subjectFact } from './scope.js';

/** A customer keeps the key of a subject that is deleted: its events stay its own. */
export class DeleteSubject {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
  ) {}

  run(context: RequestContext, idOrKey: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const subject = await this.subjects.findForChange(tx, idOrKey);
      const facts = { namespace: tx.namespace, idOrKey, now: tx.at };
      const deleted = acceptedOrThrow(decideDeleteSubject(subject, facts));
      if (deleted === 'deleted before') return;
      await this.subjects.update(tx, [deleted]);
      await this.unitOfWork.append(tx, [subjectFact('SubjectDeleted', deleted)]);
    });
  }
}
