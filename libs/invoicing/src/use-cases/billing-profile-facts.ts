import type { Fact } from '@ledgerline/kernel';
import type { BillingProfile } from '../core/workflow.js';

export const profileFact = (
  type: 'BillingProfileCreated' | 'BillingProfileUpdated' | 'BillingProfileDeleted',
  profile: BillingProfile,
): Fact => ({
  stream: `billing-profile:${profile.id}`,
  type,
  data: { id: profile.id, name: profile.name, appId: profile.appId, default: profile.isDefault },
});
