import { FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  LookUpSubjectNames,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import { GuardDeletions, ShowEntitlements, WriteForSubscription } from '@ledgerline/entitlements';
import { CHECK_BILLING_READINESS, INVOICING_APPS, REFUSE_CUSTOMER_DELETION } from '@ledgerline/invoicing';
import { METER_USE, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import { NAMESPACE_BOOTSTRAPS } from '@ledgerline/namespaces';
import { BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS } from '@ledgerline/providers';
import {
  BILLING_READINESS,
  ENTITLEMENT_VIEWS,
  ENTITLEMENT_WRITER,
  RefuseCustomerDeletion,
  RefuseFeatureArchival,
  ShowCustomerSubscriptions,
} from '@ledgerline/subscriptions';
import { type DynamicModule, type InjectionToken, Module, type Provider, type Type } from '@nestjs/common';
import type { Room } from '@ledgerline/platform';

/** A port that one room declares and the implementation that a higher room exports from its module. */
export interface Binding {
  readonly port: symbol;
  /** Several when the port is a list: each room that has something to say adds its own. */
  readonly to: InjectionToken | readonly InjectionToken[];
}

/** The only place that joins a room's port to another room's implementation. */
export const bindings: readonly Binding[] = [
  { port: CUSTOMER_DELETION_GUARDS, to: [GuardDeletions, RefuseCustomerDeletion, REFUSE_CUSTOMER_DELETION] },
  { port: CUSTOMER_SUBSCRIPTIONS, to: ShowCustomerSubscriptions },
  { port: METER_USE, to: LookUpMeterUse },
  { port: SUBJECT_NAMES, to: LookUpSubjectNames },
  { port: USAGE_ATTRIBUTION, to: LookUpUsageAttribution },
  { port: FEATURE_REFERENCES, to: RefuseFeatureArchival },
  { port: METER_ENTITLEMENTS, to: GuardDeletions },
  { port: ENTITLEMENT_WRITER, to: WriteForSubscription },
  { port: ENTITLEMENT_VIEWS, to: ShowEntitlements },
  { port: BILLING_READINESS, to: CHECK_BILLING_READINESS },
  { port: INVOICING_APPS, to: INVOICE_THROUGH_APPS },
  { port: NAMESPACE_BOOTSTRAPS, to: [BOOTSTRAP_SANDBOX] },
];

/** Fails the start when a port is bound to nothing, twice, or does not exist. */
export function checkBindings(rooms: readonly Room[], bound: readonly Binding[]): void {
  const declared = new Map(
    rooms.flatMap((room) => (room.ports ?? []).map((port) => [port, room.name] as const)),
  );
  const ports = new Set<symbol>();
  for (const { port } of bound) {
    if (!declared.has(port))
      throw new Error(`bindings.ts binds ${String(port)}, which no room declares in its ports`);
    if (ports.has(port)) throw new Error(`bindings.ts binds ${String(port)} twice`);
    ports.add(port);
  }
  for (const [port, room] of declared) {
    if (!ports.has(port))
      throw new Error(`the port ${String(port)} of ${room} is not bound: add it to bindings.ts`);
  }
}

/** Makes each port injectable everywhere as the implementation it is bound to. */
@Module({})
export class BindingsModule {
  static forRoot(modules: readonly (Type | DynamicModule)[], bound: readonly Binding[]): DynamicModule {
    return {
      module: BindingsModule,
      global: true,
      imports: [...modules],
      providers: bound.map(providerOf),
      exports: bound.map(({ port }) => port),
    };
  }
}

function providerOf({ port, to }: Binding): Provider {
  return isList(to)
    ? { provide: port, inject: [...to], useFactory: (...parts: readonly unknown[]) => parts }
    : { provide: port, useExisting: to };
}

const isList = (to: Binding['to']): to is readonly InjectionToken[] => Array.isArray(to);
