import { Refused, refusal } from '@ledgerline/kernel';
import type { CustomerKeys } from '../core/meter-query.js';
import type { UsagePorts } from './usage-ports.js';

/** The customers of these ids, in their order; undefined when nobody asked for any. */
export async function findCustomers(
  { attribution, unitOfWork }: Pick<UsagePorts, 'attribution' | 'unitOfWork'>,
  namespace: string,
  ids: readonly string[] | undefined,
): Promise<readonly CustomerKeys[] | undefined> {
  if (ids === undefined) return undefined;
  const found = await attribution.customersById(unitOfWork.reader(namespace), ids);
  const byId = new Map(found.map((customer) => [customer.id, customer]));
  return ids.map((id) => {
    const customer = byId.get(id);
    if (customer === undefined) throw new Refused(refusal.notFound(`customer with id ${id} not found`));
    return customer;
  });
}
