import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { toNumeric, toRfc3339, ZERO } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { isFlat } from '@ledgerline/catalog/core';
import { EXPLAIN_INVOICE } from '../tokens.js';
import type { ExplainedInvoice, ExplainedLine, ExplainInvoice } from '../use-cases/explain-invoice.js';

@Controller()
export class ExplanationController {
  constructor(@Inject(EXPLAIN_INVOICE) private readonly explainInvoice: ExplainInvoice) {}

  @Operation('explainInvoice')
  async explain({ path, context }: OpRequest<'explainInvoice'>): Promise<OpReply<'explainInvoice'>> {
    return explanationToApi(await this.explainInvoice.run(context.namespace, path.invoiceId));
  }
}

const explanationToApi = ({ reading, lines, total }: ExplainedInvoice): OpReply<'explainInvoice'> => ({
  invoiceId: reading.invoice.id,
  number: reading.invoice.number,
  status: reading.status,
  currency: reading.invoice.currency,
  total: toNumeric(reading.totals.total),
  lines: lines.map(lineToApi),
  sentence: total,
});

const lineToApi = ({ line, price, windows, lateQuantity, sentences }: ExplainedLine) => ({
  lineId: line.id,
  name: line.name,
  ...(line.featureKey === undefined ? {} : { featureKey: line.featureKey }),
  from: toRfc3339(line.period.from),
  to: toRfc3339(line.period.to),
  price,
  ...(line.metered === undefined || isFlat(line.price) ? {} : { quantity: toNumeric(line.metered.quantity) }),
  windows: windows.map(({ period, quantity }) => ({
    from: toRfc3339(period.from),
    to: toRfc3339(period.to),
    quantity: toNumeric(quantity),
  })),
  ...(lateQuantity === undefined ? {} : { lateQuantity: toNumeric(lateQuantity) }),
  total: toNumeric(line.rated?.totals.total ?? ZERO),
  sentences: [...sentences],
});
