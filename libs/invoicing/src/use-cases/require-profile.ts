import { type Db, refusal, Refused } from '@ledgerline/kernel';
import type { ProfileStore } from '../core/ports.js';
import type { BillingProfile } from '../core/workflow.js';

/** The profile that bills a customer. Customers cannot be pinned to another one yet, so it is the default. */
export async function requireProfile(db: Db, profiles: ProfileStore): Promise<BillingProfile> {
  const profile = await profiles.findDefault(db);
  if (profile === undefined) throw new Refused(noDefaultProfile);
  return profile;
}

const code = 'default_profile_not_found';
const message = 'there is no default billing profile';
export const noDefaultProfile = refusal.notFound(message, {
  issues: [{ code, message, severity: 'critical' }],
  extensions: { code, message },
});
