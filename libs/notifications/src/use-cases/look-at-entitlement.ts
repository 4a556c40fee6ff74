import { featureToApi } from '@ledgerline/catalog';
import { ShowCustomer } from '@ledgerline/customers';
import { ShowBalance } from '@ledgerline/entitlements';
import { type Instant, type Json, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { EntitlementView, EntitlementViews } from '../core/ports.js';

/** Puts together what the rooms below know of an entitlement. */
export class LookAtEntitlement implements EntitlementViews {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(ShowBalance) private readonly balances: ShowBalance,
    @Inject(ShowCustomer) private readonly customers: ShowCustomer,
  ) {}

  async at(namespace: string, entitlementId: string, at: Instant): Promise<EntitlementView | undefined> {
    const found = await this.balances.at(namespace, entitlementId, at);
    if (found === undefined) return undefined;
    const { entitlement, feature, period, balance, nextChangeAt } = found;
    const owner = await this.customers.run(this.unitOfWork.reader(namespace), found.customer);
    const topic = { featureId: feature.id, featureKey: feature.key };
    return {
      entitlement: { ...entitlement, feature },
      isOver: nextChangeAt === undefined,
      nextChangeAt,
      period,
      balance,
      topic: { ...topic, subjectId: owner.subject.id, subjectKey: owner.subject.key },
      customer: found.customer,
      // What the API shows is JSON; undefined members vanish when it is written.
      data: JSON.parse(
        JSON.stringify({ ...found.shown, feature: featureToApi(feature), ...owner }),
      ) as Readonly<Record<string, Json>>,
    };
  }
}
