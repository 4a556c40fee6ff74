import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideRecordPrice, type PriceDraft } from '../core/decide-price.js';
import type { PriceBookStore } from '../core/ports.js';
import type { PriceBookEntry } from '../core/price-book.js';
import { PRICE_BOOK } from '../tokens.js';
import { priceFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';

/** Adds a price from an instant on. */
export class RecordPrice {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PRICE_BOOK) private readonly prices: PriceBookStore,
  ) {}

  run(context: RequestContext, draft: PriceDraft): Promise<PriceBookEntry> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const facts = { namespace: tx.namespace, id: newId(), now: tx.at, actor: tx.actor };
      const entry = acceptedOrThrow(decideRecordPrice(draft, facts));
      await this.prices.insert(tx, entry);
      await this.unitOfWork.append(tx, [priceFact('PriceRecorded', entry)]);
      return entry;
    });
  }
}
