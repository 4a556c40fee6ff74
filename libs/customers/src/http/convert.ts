import type { components, OpRequest } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { Customer } from '../core/customer.js';
import type { CustomerDraft } from '../core/decide-customer.js';
import type { ShownCustomer } from '../use-cases/read-customers.js';

type Schemas = components['schemas'];

export const customerFromApi = (body: Schemas['CustomerCreate']): CustomerDraft => ({
  key: body.key,
  name: body.name,
  description: body.description,
  primaryEmail: body.primaryEmail,
  currency: body.currency,
  billingAddress: body.billingAddress && addressFromApi(body.billingAddress),
  metadata: body.metadata ?? undefined,
  subjectKeys: body.usageAttribution?.subjectKeys,
});

const addressFromApi = (address: Schemas['Address']): NonNullable<CustomerDraft['billingAddress']> => ({
  country: address.country,
  postalCode: address.postalCode,
  state: address.state,
  city: address.city,
  line1: address.line1,
  line2: address.line2,
  phoneNumber: address.phoneNumber,
});

/** Without subject keys there is no `usageAttribution` at all, as upstream answers. */
export const customerToApi = (customer: Customer): Schemas['Customer'] => ({
  id: customer.id,
  key: customer.key,
  name: customer.name,
  description: customer.description,
  primaryEmail: customer.primaryEmail,
  currency: customer.currency,
  billingAddress: customer.billingAddress,
  metadata: customer.metadata,
  ...(customer.usageAttribution.subjectKeys.length === 0
    ? {}
    : { usageAttribution: { subjectKeys: [...customer.usageAttribution.subjectKeys] } }),
  createdAt: toRfc3339(customer.createdAt),
  updatedAt: toRfc3339(customer.updatedAt),
  ...(customer.deletedAt === undefined ? {} : { deletedAt: toRfc3339(customer.deletedAt) }),
});

export const shownCustomerToApi = (
  { customer, active }: ShownCustomer,
  withSubscriptions: boolean,
): Schemas['Customer'] => ({
  ...customerToApi(customer),
  ...(active?.currentSubscriptionId === undefined
    ? {}
    : { currentSubscriptionId: active.currentSubscriptionId }),
  ...(withSubscriptions ? { subscriptions: [...(active?.subscriptions ?? [])] } : {}),
});

export const customerListFromApi = (query: OpRequest<'listCustomers'>['query']) => ({
  key: query.key,
  name: query.name,
  primaryEmail: query.primaryEmail,
  subject: query.subject,
  planKey: query.planKey,
  includeDeleted: query.includeDeleted,
  orderBy: query.orderBy ?? 'name',
  descending: query.order === 'DESC',
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});
