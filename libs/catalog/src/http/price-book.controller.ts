import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CorrectPrice } from '../use-cases/correct-price.js';
import { ReadPriceBook } from '../use-cases/read-price-book.js';
import { RecordPrice } from '../use-cases/record-price.js';
import { correctionFromApi, priceFromApi, priceListFromApi, priceToApi } from './convert-price.js';

@Controller()
export class PriceBookController {
  constructor(
    @Inject(RecordPrice) private readonly recordPrice: RecordPrice,
    @Inject(CorrectPrice) private readonly correctPrice: CorrectPrice,
    @Inject(ReadPriceBook) private readonly readPriceBook: ReadPriceBook,
  ) {}

  @Operation('createPriceBookEntry')
  async create({
    body,
    context,
  }: OpRequest<'createPriceBookEntry'>): Promise<OpReply<'createPriceBookEntry'>> {
    return priceToApi(await this.recordPrice.run(context, priceFromApi(body)));
  }

  @Operation('correctPriceBookEntry')
  async correct(request: OpRequest<'correctPriceBookEntry'>): Promise<OpReply<'correctPriceBookEntry'>> {
    const { body, context, path } = request;
    return priceToApi(await this.correctPrice.run(context, path.entryId, correctionFromApi(body)));
  }

  @Operation('listPriceBookEntries')
  async list({
    query,
    context,
  }: OpRequest<'listPriceBookEntries'>): Promise<OpReply<'listPriceBookEntries'>> {
    const page = await this.readPriceBook.list(context.namespace, priceListFromApi(query));
    const items = page.items.map(priceToApi);
    return { items, totalCount: page.totalCount, page: query.page, pageSize: query.pageSize };
  }
}
