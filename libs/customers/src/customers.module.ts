import { Module } from '@nestjs/common';
import { CustomersController } from './http/customers.controller.js';
import { PostgresCustomerStore } from './store/postgres-customer-store.js';
import { CUSTOMER_STORE, CUSTOMERS } from './tokens.js';
import { CreateCustomer } from './use-cases/create-customer.js';
import { DeleteCustomer } from './use-cases/delete-customer.js';
import { KnowCustomers } from './use-cases/know-customers.js';
import { LookUpUsageAttribution } from './use-cases/look-up-usage-attribution.js';
import { ReadCustomers } from './use-cases/read-customers.js';
import { UpdateCustomer } from './use-cases/update-customer.js';

@Module({
  controllers: [CustomersController],
  providers: [
    { provide: CUSTOMER_STORE, useClass: PostgresCustomerStore },
    { provide: CUSTOMERS, useClass: KnowCustomers },
    CreateCustomer,
    DeleteCustomer,
    LookUpUsageAttribution,
    ReadCustomers,
    UpdateCustomer,
  ],
  exports: [CUSTOMERS, LookUpUsageAttribution],
})
export class CustomersModule {}
