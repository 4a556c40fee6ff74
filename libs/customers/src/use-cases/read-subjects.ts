import { refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { subjectNotFound } from '../core/decide-subject.js';
import type { SubjectStore } from '../core/ports.js';
import type { Subject } from '../core/subject.js';
import { SUBJECT_STORE } from '../tokens.js';

// The operation knows no pages, so all of them are in memory at once: about 30 MB.
const listedMax = 100_000;

/** Subjects by id, key or as a list. */
export class ReadSubjects {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBJECT_STORE) private readonly subjects: SubjectStore,
  ) {}

  async get(namespace: string, idOrKey: string): Promise<Subject> {
    const subject = await this.subjects.find(this.unitOfWork.reader(namespace), idOrKey);
    if (subject === undefined) throw new Refused(subjectNotFound(namespace, idOrKey));
    return subject;
  }

  async list(namespace: string): Promise<readonly Subject[]> {
    const subjects = await this.subjects.list(this.unitOfWork.reader(namespace), listedMax + 1);
    if (subjects.length <= listedMax) return subjects;
    const detail = `there are more than ${listedMax} subjects and this list has no pages: get them by key, or list customers`;
    throw new Refused(refusal.precondition(`precondition failed error: ${detail}`));
  }
}
