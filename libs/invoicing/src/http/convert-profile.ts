import type { components } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { ProfileDraft } from '../core/decide-profile.js';
import { workflowFromJson, workflowToJson } from '../core/workflow.js';
import type { ProfileReading } from '../use-cases/read-profiles.js';

type Schemas = components['schemas'];

export function profileToApi({ profile, app }: ProfileReading): Schemas['BillingProfile'] {
  const { id, name, description, metadata, supplier, workflow, appId, deletedAt } = profile;
  const reference = app ?? { id: appId };
  return {
    id,
    name,
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
    supplier,
    workflow: workflowToJson(workflow),
    apps: {
      tax: reference,
      invoicing: reference,
      payment: reference,
    },
    default: profile.isDefault,
    createdAt: toRfc3339(profile.createdAt),
    updatedAt: toRfc3339(profile.updatedAt),
    ...(deletedAt === undefined ? {} : { deletedAt: toRfc3339(deletedAt) }),
  };
}

export const profileFromApi = (
  body: Schemas['BillingProfileCreate'] | Schemas['BillingProfileReplaceUpdateWithWorkflow'],
): ProfileDraft => ({
  name: body.name,
  description: body.description,
  metadata: body.metadata ?? undefined,
  supplier: body.supplier,
  workflow: workflowFromJson(body.workflow),
  isDefault: body.default,
});
