import type { Type } from '@nestjs/common';
import type { EntitySchema } from 'typeorm';

/** What a room hands to the app that wires it: `export const customersRoom: Room = { … }` in the room's index. */
export interface Room {
  readonly name: string;
  readonly module: Type;
  /** Its TypeORM rows (`*.rows.ts`). */
  readonly rows?: readonly EntitySchema[];
  /** Tokens of the ports it asks others through; each must be bound in apps/billing/src/bindings.ts. */
  readonly ports?: readonly symbol[];
}
