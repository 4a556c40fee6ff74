import { Refused, type Tx } from '@ledgerline/kernel';
import { planNotFound } from '../core/decide-plan.js';
import type { Plan } from '../core/plan.js';
import type { PlanStore } from '../core/ports.js';

/** The plan as it stands once nobody else can change a version of its key. */
export async function findPlanForChange(tx: Tx, id: string, plans: PlanStore): Promise<Plan> {
  const seen = await plans.find(tx, id);
  if (seen === undefined) throw new Refused(planNotFound(id));
  await plans.lockKey(tx, seen.key);
  // Read again: what stood there before the lock may have changed while we waited.
  return (await plans.find(tx, id)) ?? seen;
}
