import type { Db } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { SubjectStore } from '../core/ports.js';
import { SUBJECT_STORE } from '../tokens.js';

/** Answers metering's question what the subjects of its rows are called. */
export class LookUpSubjectNames {
  constructor(@Inject(SUBJECT_STORE) private readonly subjects: SubjectStore) {}

  subjectNames(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    return this.subjects.names(db, keys);
  }
}
