import { Operation, type OpReply } from '@ledgerline/contract';
import { currencies } from '@ledgerline/kernel';
import { Controller } from '@nestjs/common';

@Controller()
export class CurrenciesController {
  @Operation('listCurrencies')
  list(): Promise<OpReply<'listCurrencies'>> {
    return Promise.resolve(currencies().map((currency) => ({ ...currency })));
  }
}
