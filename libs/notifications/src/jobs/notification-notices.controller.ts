import { instant, invariant } from '@ledgerline/kernel';
import type { Notice } from '@ledgerline/platform';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { TellInvoice } from '../use-cases/tell-invoice.js';
import { WatchEntitlement } from '../use-cases/watch-entitlement.js';

/** What rules may speak of, as other rooms tell it. */
@Controller()
export class NotificationNotices {
  constructor(
    @Inject(WatchEntitlement) private readonly watch: WatchEntitlement,
    @Inject(TellInvoice) private readonly tell: TellInvoice,
  ) {}

  @EventPattern('EntitlementCreated')
  async entitlementCreated(notice: Notice): Promise<void> {
    const { type } = notice.data as { readonly type?: string };
    if (type === 'metered') await this.watch.run(notice, idOf(notice, 'entitlement'));
  }

  @EventPattern('EntitlementEnded')
  entitlementEnded(notice: Notice): Promise<void> {
    return this.watch.run(notice, idOf(notice, 'entitlement'));
  }

  @EventPattern('EntitlementDeleted')
  entitlementDeleted(notice: Notice): Promise<void> {
    return this.watch.run(notice, idOf(notice, 'entitlement'));
  }

  @EventPattern('EntitlementReset')
  entitlementReset(notice: Notice): Promise<void> {
    const { effectiveAt } = notice.data as { readonly effectiveAt: string };
    const reset = { effectiveAt: instant(effectiveAt), recordedAt: instant(notice.occurredAt) };
    return this.watch.run(notice, idOf(notice, 'entitlement'), reset);
  }

  @EventPattern('GrantCreated')
  grantCreated(notice: Notice): Promise<void> {
    return this.watch.run(notice, idOf(notice, 'entitlement'));
  }

  @EventPattern('GrantVoided')
  grantVoided(notice: Notice): Promise<void> {
    return this.watch.run(notice, idOf(notice, 'entitlement'));
  }

  @EventPattern('InvoiceCreated')
  invoiceCreated(notice: Notice): Promise<void> {
    return this.tell.run(notice, 'invoice.created', idOf(notice, 'invoice'));
  }

  @EventPattern('InvoiceUpdated')
  invoiceUpdated(notice: Notice): Promise<void> {
    return this.tell.run(notice, 'invoice.updated', idOf(notice, 'invoice'));
  }

  @EventPattern('InvoiceIssued')
  invoiceIssued(notice: Notice): Promise<void> {
    return this.tell.run(notice, 'invoice.updated', idOf(notice, 'invoice'));
  }

  @EventPattern('InvoicePaid')
  invoicePaid(notice: Notice): Promise<void> {
    return this.tell.run(notice, 'invoice.updated', idOf(notice, 'invoice'));
  }

  @EventPattern('InvoiceDeleted')
  invoiceDeleted(notice: Notice): Promise<void> {
    return this.tell.run(notice, 'invoice.updated', idOf(notice, 'invoice'));
  }
}

function idOf({ type, stream }: Notice, kind: 'entitlement' | 'invoice'): string {
  const [found, id] = stream.split(':');
  invariant(found === kind && id !== undefined, `${type} on the stream ${stream}`);
  return id;
}
