import type { components, OpRequest } from '@ledgerline/contract';
import { toNumeric, toRfc3339 } from '@ledgerline/kernel';
import { instantFromApi } from '@ledgerline/metering';
import type { PriceCorrection, PriceDraft } from '../core/decide-price.js';
import type { PriceListQuery } from '../core/ports.js';
import { normalWord, type PriceBookEntry } from '../core/price-book.js';

type Schemas = components['schemas'];

export const priceFromApi = (body: Schemas['LedgerlinePriceBookEntryCreate']): PriceDraft => ({
  provider: body.provider,
  model: body.model,
  tokenType: body.tokenType,
  pricePerToken: body.pricePerToken,
  validFrom: body.validFrom === undefined ? undefined : instantFromApi('$.validFrom', body.validFrom),
  reason: body.reason,
});

export const correctionFromApi = (body: Schemas['LedgerlinePriceBookCorrection']): PriceCorrection => ({
  reason: body.reason,
  pricePerToken: body.pricePerToken,
  validFrom: body.validFrom === undefined ? undefined : instantFromApi('$.validFrom', body.validFrom),
  withdraw: body.withdraw,
});

export const priceListFromApi = (query: OpRequest<'listPriceBookEntries'>['query']): PriceListQuery => ({
  at: query.at === undefined ? undefined : instantFromApi('at', query.at),
  provider: query.provider === undefined ? undefined : normalWord(query.provider),
  model: query.model === undefined ? undefined : normalWord(query.model),
  tokenType: query.tokenType,
  includeSuperseded: query.includeSuperseded,
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});

export const priceToApi = (entry: PriceBookEntry): Schemas['LedgerlinePriceBookEntry'] => ({
  id: entry.id,
  provider: entry.provider,
  model: entry.model,
  tokenType: entry.tokenType,
  pricePerToken: entry.pricePerToken === undefined ? null : toNumeric(entry.pricePerToken),
  currency: 'USD',
  validFrom: toRfc3339(entry.validFrom),
  recordedAt: toRfc3339(entry.recordedAt),
  recordedBy: entry.recordedBy,
  ...(entry.reason === undefined ? {} : { reason: entry.reason }),
  ...(entry.corrects === undefined ? {} : { corrects: entry.corrects }),
  ...(entry.superseded === undefined
    ? {}
    : { supersededBy: entry.superseded.by, supersededAt: toRfc3339(entry.superseded.at) }),
});
