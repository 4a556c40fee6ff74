import { invariant } from '@ledgerline/kernel';
import type { Notice } from '@ledgerline/platform';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { HEAR_NOTICE } from '../tokens.js';
import type { HearNotice } from '../use-cases/hear-notice.js';

/** What billing hears of others and of itself. The consumer names are marks in the inbox and must never change. */
@Controller()
export class BillingNotices {
  constructor(@Inject(HEAR_NOTICE) private readonly hear: HearNotice) {}

  @EventPattern('SubscriptionCreated')
  created(notice: Notice): Promise<void> {
    return this.subscriptionChanged(notice);
  }

  @EventPattern('SubscriptionUpdated')
  updated(notice: Notice): Promise<void> {
    return this.subscriptionChanged(notice);
  }

  @EventPattern('SubscriptionCanceled')
  canceled(notice: Notice): Promise<void> {
    return this.subscriptionChanged(notice);
  }

  @EventPattern('SubscriptionDeleted')
  deleted(notice: Notice): Promise<void> {
    return this.subscriptionChanged(notice);
  }

  /** The lines that an invoice took are followed by those of the next period. */
  @EventPattern('InvoiceCreated')
  invoiceCreated(notice: Notice): Promise<void> {
    const { subscriptionIds } = notice.data as { readonly subscriptionIds?: readonly string[] };
    return this.hear.run('invoicing.invoice-created', notice, subscriptionIds ?? []);
  }

  private subscriptionChanged(notice: Notice): Promise<void> {
    const [kind, id] = notice.stream.split(':');
    invariant(kind === 'subscription' && id !== undefined, `${notice.type} on the stream ${notice.stream}`);
    return this.hear.run('invoicing.subscription-changed', notice, [id]);
  }
}
