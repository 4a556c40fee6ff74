import { isFlat, type Metadata, type Price, type TaxConfig, type Discounts } from '@ledgerline/catalog/core';
import {
  compareInstants,
  findCurrency,
  floorToSecond,
  type Instant,
  isEmptyPeriod,
  newId,
  type Period,
  refusal,
  refuseFarInstant,
  Refused,
  type Tx,
  type UnitOfWork,
} from '@ledgerline/kernel';
import type { Line } from '../core/line.js';
import { billingRefusal } from '../core/plan-invoicing.js';
import type { InvoicedCustomer, InvoicedCustomers, InvoicedFeatures } from '../core/ports.js';
import { discountsOf } from '../core/wanted-line.js';
import { closeGathering, openGathering } from './gathering.js';
import { invoiceStream } from './invoice-facts.js';
import type { InvoicingStores } from './invoicing-stores.js';
import { requireProfile } from './require-profile.js';
import { type Caller, scopeOf } from './scope.js';

export interface PendingLineDraft {
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly period: Period;
  readonly invoiceAt: Instant;
  readonly price: Price;
  readonly featureKey?: string | undefined;
  readonly discounts?: Discounts | undefined;
  readonly taxConfig?: TaxConfig | undefined;
}

export interface PendingLinesCreated {
  readonly invoiceId: string;
  readonly lineIds: readonly string[];
  readonly isInvoiceNew: boolean;
}

/** Puts lines that a person made onto the customer's gathering invoice. */
export class CreatePendingLines {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly stores: InvoicingStores,
    private readonly customers: InvoicedCustomers,
    private readonly features: InvoicedFeatures,
  ) {}

  run(
    caller: Caller,
    request: {
      readonly customerId: string;
      readonly currency: string;
      readonly lines: readonly PendingLineDraft[];
    },
  ): Promise<PendingLinesCreated> {
    return this.unitOfWork.run(scopeOf(caller), async (tx) => {
      const customer = await this.customers.find(tx, request.customerId);
      if (customer === undefined)
        throw new Refused(refusal.notFound(`there is no customer ${request.customerId}`));
      if (findCurrency(request.currency) === undefined) {
        throw new Refused(refusal.invalidField('$.currency', 'currency_invalid', 'is no known currency'));
      }
      await this.customers.lock(tx, customer.id);
      await requireProfile(tx, this.stores.profiles);
      const opened = await openGathering(tx, this.stores.invoices, customer, request.currency);
      const { gathering } = opened;
      const lineIds: string[] = [];
      for (const [index, draft] of request.lines.entries()) {
        const line = await this.lineOf(tx, customer, { draft, field: `$.lines[${index}]` });
        const pending = { ...line, invoiceId: gathering.id, currency: request.currency };
        await this.stores.lines.insert(tx, pending);
        lineIds.push(line.id);
      }
      const all = await this.stores.lines.ofInvoices(tx, [gathering.id]);
      await closeGathering(tx, this.stores.invoices, gathering, all);
      await this.unitOfWork.append(tx, [
        {
          stream: invoiceStream(gathering),
          type: 'PendingLinesCreated',
          data: { id: gathering.id, customerId: customer.id, lineIds },
        },
      ]);
      return { invoiceId: gathering.id, lineIds, isInvoiceNew: opened.isNew };
    });
  }

  private async lineOf(
    tx: Tx,
    customer: InvoicedCustomer,
    { draft, field }: { readonly draft: PendingLineDraft; readonly field: string },
  ): Promise<Omit<Line, 'invoiceId' | 'currency'>> {
    const period = { from: floorToSecond(draft.period.from), to: floorToSecond(draft.period.to) };
    // One date that cannot be reckoned with would keep everything else of the customer from being invoiced.
    const far =
      refuseFarInstant(`${field}.period.from`, period.from) ??
      refuseFarInstant(`${field}.period.to`, period.to) ??
      refuseFarInstant(`${field}.invoiceAt`, draft.invoiceAt);
    if (far !== undefined) throw new Refused(far);
    refuseWrongPeriod(period, draft.price, customer, field);
    if (isFlat(draft.price) && draft.discounts?.usage !== undefined) {
      throw new Refused(
        refusal.invalidField(
          `${field}.rateCard.discounts.usage`,
          'usage_discount_with_flat_price',
          'a flat price has no usage to discount',
        ),
      );
    }
    return {
      id: newId(),
      namespace: tx.namespace,
      managedBy: 'manual',
      name: draft.name,
      description: draft.description,
      metadata: draft.metadata,
      price: draft.price,
      featureKey: draft.featureKey,
      featureId: await this.featureOf(tx, draft, field),
      discounts: discountsOf(draft.discounts, newId),
      taxConfig: draft.taxConfig,
      period,
      invoiceAt: floorToSecond(draft.invoiceAt),
      createdAt: tx.at,
      updatedAt: tx.at,
    };
  }

  private async featureOf(tx: Tx, draft: PendingLineDraft, field: string): Promise<string | undefined> {
    const { featureKey } = draft;
    if (featureKey === undefined) {
      if (isFlat(draft.price)) return undefined;
      throw new Refused(
        refusal.invalidField(`${field}.rateCard.featureKey`, 'required', 'is required for usage'),
      );
    }
    const feature = await this.features.find(tx, featureKey);
    if (feature !== undefined) return feature.id;
    throw new Refused(
      refusal.invalidField(
        `${field}.rateCard.featureKey`,
        'feature_not_found',
        `there is no feature ${featureKey}`,
      ),
    );
  }
}

function refuseWrongPeriod(period: Period, price: Price, customer: InvoicedCustomer, field: string): void {
  if (compareInstants(period.from, period.to) > 0) {
    throw new Refused(
      refusal.invalidField(`${field}.period`, 'period_invalid', 'must not end before it starts'),
    );
  }
  if (!isFlat(price) && isEmptyPeriod(period)) {
    const message = `${field}.period: a usage-based line needs a period of at least a second`;
    throw new Refused(billingRefusal('invoice_create_ubp_line_period_is_empty', message));
  }
  if (customer.deletedAt !== undefined && compareInstants(period.to, customer.deletedAt) > 0) {
    throw new Refused(
      refusal.invalidField(`${field}.period.to`, 'customer_deleted', 'lies after the customer was deleted'),
    );
  }
}
