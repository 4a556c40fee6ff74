import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCorrectPrice, type PriceCorrection } from '../core/decide-price.js';
import type { PriceBookStore } from '../core/ports.js';
import type { PriceBookEntry } from '../core/price-book.js';
import { PRICE_BOOK } from '../tokens.js';
import { priceFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';

/** Puts another entry in the place of one that was wrong; both stay on record. */
export class CorrectPrice {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PRICE_BOOK) private readonly prices: PriceBookStore,
  ) {}

  run(context: RequestContext, entryId: string, correction: PriceCorrection): Promise<PriceBookEntry> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const entry = await this.prices.findForChange(tx, entryId);
      const facts = { namespace: tx.namespace, id: newId(), entryId, now: tx.at, actor: tx.actor };
      const corrected = acceptedOrThrow(decideCorrectPrice(entry, correction, facts));
      // Before the new one is written: there is one price of a key from an instant on.
      await this.prices.supersede(tx, corrected);
      await this.prices.insert(tx, corrected);
      await this.unitOfWork.append(tx, [priceFact('PriceCorrected', corrected)]);
      return corrected;
    });
  }
}
