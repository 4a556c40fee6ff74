import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreateCustomer } from '../use-cases/create-customer.js';
import { DeleteCustomer } from '../use-cases/delete-customer.js';
import { ReadCustomers } from '../use-cases/read-customers.js';
import { UpdateCustomer } from '../use-cases/update-customer.js';
import { customerFromApi, customerListFromApi, customerToApi, shownCustomerToApi } from './convert.js';

@Controller()
export class CustomersController {
  constructor(
    @Inject(CreateCustomer) private readonly createCustomer: CreateCustomer,
    @Inject(ReadCustomers) private readonly readCustomers: ReadCustomers,
    @Inject(UpdateCustomer) private readonly updateCustomer: UpdateCustomer,
    @Inject(DeleteCustomer) private readonly deleteCustomer: DeleteCustomer,
  ) {}

  @Operation('createCustomer')
  async create({ body, context }: OpRequest<'createCustomer'>): Promise<OpReply<'createCustomer'>> {
    return customerToApi(await this.createCustomer.run(context, customerFromApi(body)));
  }

  @Operation('getCustomer')
  async get({ path, query, context }: OpRequest<'getCustomer'>): Promise<OpReply<'getCustomer'>> {
    const expand = query.expand?.includes('subscriptions') === true;
    const shown = await this.readCustomers.get(context.namespace, path.customerIdOrKey, expand);
    return shownCustomerToApi(shown, expand);
  }

  @Operation('listCustomers')
  async list({ query, context }: OpRequest<'listCustomers'>): Promise<OpReply<'listCustomers'>> {
    const { items, totalCount } = await this.readCustomers.list(
      context.namespace,
      customerListFromApi(query),
    );
    const expand = query.expand?.includes('subscriptions') ?? true;
    const { page, pageSize } = query;
    return { items: items.map((shown) => shownCustomerToApi(shown, expand)), totalCount, page, pageSize };
  }

  @Operation('updateCustomer')
  async update({ path, body, context }: OpRequest<'updateCustomer'>): Promise<OpReply<'updateCustomer'>> {
    return customerToApi(await this.updateCustomer.run(context, path.customerIdOrKey, customerFromApi(body)));
  }

  @Operation('deleteCustomer')
  async delete({ path, context }: OpRequest<'deleteCustomer'>): Promise<OpReply<'deleteCustomer'>> {
    await this.deleteCustomer.run(context, path.customerIdOrKey);
  }
}
