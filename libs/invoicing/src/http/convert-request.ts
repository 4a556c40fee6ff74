import {
  discountsFromJson,
  priceFromJson,
  type PriceJson,
  taxConfigFromJson,
} from '@ledgerline/catalog/core';
import type { components, OpRequest, RequestContext } from '@ledgerline/contract';
import { instant, type Instant, refusal, Refused, refuseFarInstant } from '@ledgerline/kernel';
import { isDeepStrictEqual } from 'node:util';
import type { InvoiceListQuery } from '../core/ports.js';
import type { PendingLineDraft } from '../use-cases/create-pending-lines.js';
import type { ReadOptions } from '../use-cases/read-invoices.js';
import type { Caller } from '../use-cases/scope.js';

type Schemas = components['schemas'];
type Expand = readonly Schemas['InvoiceExpand'][] | undefined;

export const readOptions = (expand: Expand, deletedLines = false): ReadOptions => ({
  lines: expand?.includes('lines') === true,
  apps: expand?.includes('workflow.apps') === true,
  deletedLines,
});

function at(text: string | undefined, field: string): Instant | undefined {
  const read = text === undefined ? undefined : instant(text);
  const far = refuseFarInstant(`query.${field}`, read);
  if (far !== undefined) throw new Refused(far);
  return read;
}

export const pageFromApi = ({ page, pageSize }: { readonly page: number; readonly pageSize: number }) => ({
  limit: pageSize,
  offset: (page - 1) * pageSize,
});

export const listQueryFromApi = (query: OpRequest<'listInvoices'>['query']): InvoiceListQuery => ({
  customers: query.customers,
  statuses: query.statuses,
  extendedStatuses: query.extendedStatuses,
  issuedAfter: at(query.issuedAfter, 'issuedAfter'),
  issuedBefore: at(query.issuedBefore, 'issuedBefore'),
  periodStartAfter: at(query.periodStartAfter, 'periodStartAfter'),
  periodStartBefore: at(query.periodStartBefore, 'periodStartBefore'),
  createdAfter: at(query.createdAfter, 'createdAfter'),
  createdBefore: at(query.createdBefore, 'createdBefore'),
  includeDeleted: query.includeDeleted ?? false,
  orderBy: query.orderBy ?? 'createdAt',
  descending: query.order === 'DESC',
  ...pageFromApi(query),
});

/** What a repetition under the same Idempotency-Key must be equal to. */
export function callerOf(
  route: string,
  request: {
    readonly context: RequestContext;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly path?: unknown;
    readonly body: unknown;
  },
): Caller {
  const { context, headers, path, body } = request;
  const key = headers['idempotency-key'];
  return key === undefined ? context : { ...context, once: { key, route, input: { path, body } } };
}

/** Price, feature and taxes come in a rate card or, as of old, beside it; said twice they must say the same. */
export function pendingLineFromApi(
  line: Schemas['InvoicePendingLineCreate'],
  index: number,
): PendingLineDraft {
  const field = `$.lines[${index}]`;
  const { rateCard } = line;
  const price = agreed(rateCard?.price ?? undefined, line.price, `${field}.price`);
  const featureKey = agreed(rateCard?.featureKey, line.featureKey, `${field}.featureKey`);
  const taxConfig = agreed(rateCard?.taxConfig, line.taxConfig, `${field}.taxConfig`);
  if (price === undefined) {
    throw new Refused(refusal.invalidField(`${field}.rateCard.price`, 'required', 'is required'));
  }
  return {
    name: line.name,
    description: line.description,
    metadata: line.metadata ?? undefined,
    period: { from: instant(line.period.from), to: instant(line.period.to) },
    invoiceAt: instant(line.invoiceAt),
    // The generated type has lost the union's tag; the validator has checked it.
    price: priceFromJson(price as unknown as PriceJson),
    featureKey,
    discounts: rateCard?.discounts === undefined ? undefined : discountsFromJson(rateCard.discounts),
    taxConfig: taxConfig === undefined ? undefined : taxConfigFromJson(taxConfig),
  };
}

function agreed<T>(one: T | undefined, other: T | undefined, field: string): T | undefined {
  if (one !== undefined && other !== undefined && !isDeepStrictEqual(one, other)) {
    throw new Refused(refusal.invalidField(field, 'values_differ', 'differs from what the rate card says'));
  }
  return one ?? other;
}
