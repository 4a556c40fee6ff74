import { Refused, refusal } from '@ledgerline/kernel';
import { Controller, Module, type DynamicModule, type Type } from '@nestjs/common';
import { routeOf } from './operation.js';
import type { OperationId } from './operations.js';
import { unbound } from './unbound.js';

/** A controller whose only answer, on each of the routes, is that nobody has built the operation yet. */
function refusingController(ids: readonly OperationId[]): Type {
  @Controller()
  class UnboundController {}
  for (const id of ids) {
    const descriptor: PropertyDescriptor = {
      configurable: true,
      value: () => {
        throw new Refused(refusal.notImplemented(`The operation ${id} is not implemented yet.`));
      },
    };
    Object.defineProperty(UnboundController.prototype, id, descriptor);
    routeOf(id)(UnboundController.prototype, id, descriptor);
  }
  return UnboundController;
}

/** Answers 501 problem+json on the route of every operation that is not bound yet. */
@Module({})
export class ContractModule {
  static forRoot(ids: readonly OperationId[] = unbound): DynamicModule {
    return { module: ContractModule, controllers: [refusingController(ids)] };
  }
}
