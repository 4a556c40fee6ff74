import type { UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { PriceBookStore, PriceListQuery, PricePage } from '../core/ports.js';
import { PRICE_BOOK } from '../tokens.js';

export class ReadPriceBook {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PRICE_BOOK) private readonly prices: PriceBookStore,
  ) {}

  list(namespace: string, query: PriceListQuery): Promise<PricePage> {
    return this.prices.list(this.unitOfWork.reader(namespace), query);
  }
}
