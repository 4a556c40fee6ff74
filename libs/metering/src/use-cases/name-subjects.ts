import type { UnitOfWork } from '@ledgerline/kernel';
import type { MeterQueryAnswer } from '../core/meter-query.js';
import type { SubjectNamesLookup } from '../core/ports.js';

// One statement carries that many keys without strain.
const keysAtOnce = 10_000;

/** What the subjects of an answer are called, of those that exist as a resource. */
export class NameSubjects {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly lookup: SubjectNamesLookup,
  ) {}

  async run(namespace: string, { rows }: MeterQueryAnswer): Promise<ReadonlyMap<string, string | undefined>> {
    const keys = [...new Set(rows.flatMap(({ subject }) => (subject === undefined ? [] : [subject])))];
    const names = new Map<string, string | undefined>();
    const db = this.unitOfWork.reader(namespace);
    for (let at = 0; at < keys.length; at += keysAtOnce) {
      const found = await this.lookup.subjectNames(db, keys.slice(at, at + keysAtOnce));
      for (const [key, name] of found) names.set(key, name);
    }
    return names;
  }
}
