import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import type { StandardInvoice } from '../core/invoice.js';
import { ACT_ON_INVOICE, READ_INVOICES } from '../tokens.js';
import type { ActOnInvoice } from '../use-cases/act-on-invoice.js';
import type { ReadInvoices } from '../use-cases/read-invoices.js';
import { invoiceToApi } from './convert-invoice.js';

@Controller()
export class InvoiceActionsController {
  constructor(
    @Inject(ACT_ON_INVOICE) private readonly actOnInvoice: ActOnInvoice,
    @Inject(READ_INVOICES) private readonly readInvoices: ReadInvoices,
  ) {}

  @Operation('advanceInvoiceAction')
  async advance({
    path,
    context,
  }: OpRequest<'advanceInvoiceAction'>): Promise<OpReply<'advanceInvoiceAction'>> {
    return this.show(await this.actOnInvoice.advance(context, path.invoiceId));
  }

  @Operation('approveInvoiceAction')
  async approve({
    path,
    context,
  }: OpRequest<'approveInvoiceAction'>): Promise<OpReply<'approveInvoiceAction'>> {
    return this.show(await this.actOnInvoice.run(context, path.invoiceId, 'approve'));
  }

  @Operation('retryInvoiceAction')
  async retry({ path, context }: OpRequest<'retryInvoiceAction'>): Promise<OpReply<'retryInvoiceAction'>> {
    return this.show(await this.actOnInvoice.run(context, path.invoiceId, 'retry'));
  }

  @Operation('snapshotQuantitiesInvoiceAction')
  async snapshot({
    path,
    context,
  }: OpRequest<'snapshotQuantitiesInvoiceAction'>): Promise<OpReply<'snapshotQuantitiesInvoiceAction'>> {
    return this.show(await this.actOnInvoice.run(context, path.invoiceId, 'snapshot_quantities'));
  }

  @Operation('deleteInvoice')
  async delete({ path, context }: OpRequest<'deleteInvoice'>): Promise<OpReply<'deleteInvoice'>> {
    await this.actOnInvoice.run(context, path.invoiceId, 'delete');
  }

  private async show({ namespace, id }: StandardInvoice) {
    const options = { lines: true, deletedLines: false, apps: false };
    return invoiceToApi(await this.readInvoices.get(namespace, id, options));
  }
}
