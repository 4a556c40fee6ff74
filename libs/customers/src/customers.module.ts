import { Module } from '@nestjs/common';
import { CustomersController } from './http/customers.controller.js';
import { ShowCustomer } from './http/show-customer.js';
import { SubjectsController } from './http/subjects.controller.js';
import { PostgresCustomerStore } from './store/postgres-customer-store.js';
import { PostgresSubjectStore } from './store/postgres-subject-store.js';
import { CUSTOMER_STORE, CUSTOMERS, SUBJECT_STORE } from './tokens.js';
import { CreateCustomer } from './use-cases/create-customer.js';
import { DeleteCustomer } from './use-cases/delete-customer.js';
import { KnowCustomers } from './use-cases/know-customers.js';
import { DeleteSubject } from './use-cases/delete-subject.js';
import { LookUpSubjectNames } from './use-cases/look-up-subject-names.js';
import { LookUpUsageAttribution } from './use-cases/look-up-usage-attribution.js';
import { ReadCustomers } from './use-cases/read-customers.js';
import { ReadSubjects } from './use-cases/read-subjects.js';
import { UpdateCustomer } from './use-cases/update-customer.js';
import { UpsertSubjects } from './use-cases/upsert-subjects.js';

@Module({
  controllers: [CustomersController, SubjectsController],
  providers: [
    { provide: CUSTOMER_STORE, useClass: PostgresCustomerStore },
    { provide: SUBJECT_STORE, useClass: PostgresSubjectStore },
    { provide: CUSTOMERS, useClass: KnowCustomers },
    CreateCustomer,
    DeleteCustomer,
    DeleteSubject,
    LookUpSubjectNames,
    LookUpUsageAttribution,
    ReadCustomers,
    ReadSubjects,
    ShowCustomer,
    UpdateCustomer,
    UpsertSubjects,
  ],
  exports: [CUSTOMERS, LookUpSubjectNames, LookUpUsageAttribution, ShowCustomer],
})
export class CustomersModule {}
