import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { instant } from '@ledgerline/kernel';
import { CREATE_PENDING_LINES, INVOICE_NOW, READ_INVOICES } from '../tokens.js';
import type { CreatePendingLines } from '../use-cases/create-pending-lines.js';
import type { InvoiceNow } from '../use-cases/invoice-now.js';
import type { ReadInvoices } from '../use-cases/read-invoices.js';
import { invoiceToApi, lineToApi } from './convert-invoice.js';
import { callerOf, listQueryFromApi, pendingLineFromApi, readOptions } from './convert-request.js';

const withLines = { lines: true, deletedLines: false, apps: false };

@Controller()
export class InvoicesController {
  constructor(
    @Inject(READ_INVOICES) private readonly readInvoices: ReadInvoices,
    @Inject(INVOICE_NOW) private readonly invoiceNow: InvoiceNow,
    @Inject(CREATE_PENDING_LINES) private readonly createPendingLines: CreatePendingLines,
  ) {}

  @Operation('getInvoice')
  async get({ path, query, context }: OpRequest<'getInvoice'>): Promise<OpReply<'getInvoice'>> {
    const options = readOptions(query.expand, query.includeDeletedLines);
    return invoiceToApi(await this.readInvoices.get(context.namespace, path.invoiceId, options));
  }

  @Operation('listInvoices')
  async list({ query, context }: OpRequest<'listInvoices'>): Promise<OpReply<'listInvoices'>> {
    const options = readOptions(query.expand);
    const page = await this.readInvoices.list(context.namespace, listQueryFromApi(query), options);
    const { totalCount } = page;
    return { items: page.items.map(invoiceToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('invoicePendingLinesAction')
  async invoicePendingLines(
    request: OpRequest<'invoicePendingLinesAction'>,
  ): Promise<OpReply<'invoicePendingLinesAction'>> {
    const { body, context } = request;
    const ids = await this.invoiceNow.run(callerOf('invoicePendingLinesAction', request), {
      customerId: body.customerId,
      asOf: body.asOf === undefined ? undefined : instant(body.asOf),
      lineIds: body.filters?.lineIds,
      progressive: body.progressiveBillingOverride,
    });
    return (await this.readInvoices.getMany(context.namespace, ids, withLines)).map(invoiceToApi);
  }

  @Operation('createPendingInvoiceLine')
  async createLines(
    request: OpRequest<'createPendingInvoiceLine'>,
  ): Promise<OpReply<'createPendingInvoiceLine'>> {
    const { path, body, context } = request;
    const created = await this.createPendingLines.run(callerOf('createPendingInvoiceLine', request), {
      customerId: path.customerId,
      currency: body.currency,
      lines: body.lines.map(pendingLineFromApi),
    });
    const reading = await this.readInvoices.get(context.namespace, created.invoiceId, withLines);
    const lines = (reading.lines ?? []).filter((line) => created.lineIds.includes(line.id));
    return {
      lines: lines.map((line) => lineToApi(line, reading)),
      invoice: invoiceToApi(reading),
      isInvoiceNew: created.isInvoiceNew,
    };
  }
}
