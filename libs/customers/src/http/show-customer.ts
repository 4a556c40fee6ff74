import type { components } from '@ledgerline/contract';
import { type Db, toRfc3339 } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { Customer } from '../core/customer.js';
import type { SubjectStore } from '../core/ports.js';
import { SUBJECT_STORE } from '../tokens.js';
import { customerToApi } from './convert.js';
import { subjectToApi } from './convert-subject.js';

type Schemas = components['schemas'];

/** A customer and the subject it is known by, as the API shows them, for rooms that tell others of it. */
export class ShowCustomer {
  constructor(@Inject(SUBJECT_STORE) private readonly subjects: SubjectStore) {}

  async run(
    db: Db,
    customer: Customer,
  ): Promise<{ readonly customer: Schemas['Customer']; readonly subject: Schemas['Subject'] }> {
    const [key] = customer.usageAttribution.subjectKeys;
    const subject = key === undefined ? undefined : await this.subjects.find(db, key);
    return {
      customer: customerToApi(customer),
      // A customer without subjects is known by its key, as v1 of entitlements names it.
      subject: subject?.key === key && subject !== undefined ? subjectToApi(subject) : asSubject(customer),
    };
  }
}

const asSubject = ({ id, key, usageAttribution, createdAt, updatedAt }: Customer): Schemas['Subject'] => ({
  id,
  key: usageAttribution.subjectKeys[0] ?? key ?? id,
  createdAt: toRfc3339(createdAt),
  updatedAt: toRfc3339(updatedAt),
});
