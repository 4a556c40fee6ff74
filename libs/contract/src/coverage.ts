import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { OPERATION_ID } from './operation.js';
import { operationIds, type OperationId } from './operations.js';
import { unbound } from './unbound.js';

/** Operations that another process answers: the ingest service takes events in. */
export const servedByIngest = ['ingestEvents'] as const satisfies readonly OperationId[];

/** The operations that an application's controllers are bound to. Throws when two methods claim the same one. */
export function boundOperations(app: INestApplicationContext): readonly OperationId[] {
  const owners = new Map<OperationId, string>();
  for (const module of app.get(ModulesContainer, { strict: false }).values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype: unknown = metatype?.prototype;
      if (typeof prototype !== 'object' || prototype === null) continue;
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof value !== 'function') continue;
        const id = Reflect.getMetadata(OPERATION_ID, value as object) as OperationId | undefined;
        if (id === undefined) continue;
        const owner = `${metatype?.name}.${name}`;
        const other = owners.get(id);
        if (other !== undefined && other !== owner)
          throw new Error(`${id} is bound twice: by ${other} and ${owner}`);
        owners.set(id, owner);
      }
    }
  }
  return [...owners.keys()];
}

/** Every operation of the documents is bound, unbound, or served elsewhere – and only one of these. Throws otherwise. */
export function assertCoverage(
  bound: readonly OperationId[],
  servedElsewhere: readonly OperationId[] = servedByIngest,
): void {
  const places = new Map<OperationId, string[]>(operationIds.map((id) => [id, []]));
  const put = (ids: readonly OperationId[], place: string): void =>
    ids.forEach((id) => (places.get(id) ?? places.set(id, []).get(id))?.push(place));
  put(bound, 'bound');
  put(unbound, 'unbound');
  put(servedElsewhere, 'served elsewhere');
  const wrong = [...places].filter(([, names]) => names.length !== 1);
  if (wrong.length === 0) return;
  const lines = wrong.map(([id, names]) => `${id}: ${names.length === 0 ? 'nowhere' : names.join(' and ')}`);
  throw new Error(`operations not in exactly one place:\n${lines.join('\n')}`);
}
