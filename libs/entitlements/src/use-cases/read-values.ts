import { type Balance, hasAccess } from '@ledgerline/credits/core';
import type { Customer } from '@ledgerline/customers/core';
import { type Clock, type Db, type Instant, invariant, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { entitlementNotFound } from '../core/decide-entitlement.js';
import { type Entitlement, isActiveAt, type MeteredEntitlement } from '../core/entitlement.js';
import type { EntitlementStore } from '../core/ports.js';
import { ENTITLEMENT_STORE } from '../tokens.js';
import { CalculateBalances } from './calculate-balances.js';
import { FindOwned, type Owner } from './find-owned.js';

/** What an entitlement is worth at an instant. */
export type EntitlementValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'static'; readonly config: string }
  | { readonly kind: 'metered'; readonly hasAccess: boolean; readonly balance: Balance };

const none: EntitlementValue = { kind: 'none' };

export class ReadValues {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(CalculateBalances) private readonly balances: CalculateBalances,
  ) {}

  /** An unknown entitlement is 404 when asked for by subject; a customer simply has no access to it. */
  async get(
    namespace: string,
    place: { readonly owner: Owner; readonly idOrFeatureKey: string },
    time: Instant | undefined,
  ): Promise<EntitlementValue> {
    const { owner, idOrFeatureKey } = place;
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const customer = await this.owned.customer(db, owner);
    const entitlement = await this.owned.entitlement(db, customer, idOrFeatureKey, now);
    if (entitlement === undefined) {
      if ('subject' in owner) throw new Refused(entitlementNotFound(idOrFeatureKey));
      return none;
    }
    const values = await this.valuesAt(db, customer, [entitlement], time ?? now);
    return values.get(entitlement.featureKey) ?? none;
  }

  /** Of everything the customer is entitled to now, by feature key. */
  async accessOf(namespace: string, customerIdOrKey: string): Promise<ReadonlyMap<string, EntitlementValue>> {
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const customer = await this.owned.customer(db, { customerIdOrKey });
    return this.valuesAt(db, customer, await this.entitlements.findAllActive(db, customer.id, now), now);
  }

  private async valuesAt(
    db: Db,
    customer: Customer,
    entitlements: readonly Entitlement[],
    at: Instant,
  ): Promise<ReadonlyMap<string, EntitlementValue>> {
    const metered = entitlements.filter(
      (one): one is MeteredEntitlement => one.type === 'metered' && isActiveAt(one, at),
    );
    const balances = await this.balances.run(db, customer, metered, at);
    return new Map(entitlements.map((one) => [one.featureKey, valueOf(one, balances, at)]));
  }
}

function valueOf(
  entitlement: Entitlement,
  balances: ReadonlyMap<string, Balance>,
  at: Instant,
): EntitlementValue {
  if (!isActiveAt(entitlement, at)) return none;
  switch (entitlement.type) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'static':
      return { kind: 'static', config: entitlement.config };
    case 'metered': {
      const balance = balances.get(entitlement.id);
      invariant(balance !== undefined, 'every active metered entitlement has a balance');
      return { kind: 'metered', hasAccess: hasAccess(balance, entitlement.isSoftLimit), balance };
    }
  }
}
