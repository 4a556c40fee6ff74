import { type Fact, newId, type Tx } from '@ledgerline/kernel';
import type { Customer } from '../core/customer.js';
import { provisionedSubject } from '../core/decide-subject.js';
import type { SubjectStore } from '../core/ports.js';
import { subjectFact } from './scope.js';

/** Makes the subjects of a customer's subject keys that nobody has made; answers the facts to append. */
export async function provisionSubjects(
  tx: Tx,
  subjects: SubjectStore,
  customer: Customer,
): Promise<readonly Fact[]> {
  const wanted = customer.usageAttribution.subjectKeys.map((key) =>
    provisionedSubject({ id: newId(), namespace: tx.namespace, key }, customer.id, tx.at),
  );
  const made = await subjects.insertMissing(tx, wanted);
  return made.map((subject) => subjectFact('SubjectCreated', subject));
}
