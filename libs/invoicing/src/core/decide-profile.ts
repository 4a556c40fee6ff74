import type { Metadata } from '@ledgerline/catalog/core';
import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import type { BillingProfile, Party, Workflow } from './workflow.js';

/** What a person says of a profile. */
export interface ProfileDraft {
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly supplier: Party;
  readonly workflow: Workflow;
  readonly isDefault: boolean;
}

export interface ProfileFacts {
  readonly namespace: string;
  readonly id: string;
  readonly now: Instant;
}

export function decideCreateProfile(
  draft: ProfileDraft,
  appId: string,
  facts: ProfileFacts,
): Decision<BillingProfile> {
  const wrong = refuseSupplier(draft.supplier);
  if (wrong !== undefined) return { refused: wrong };
  const { namespace, id, now } = facts;
  return {
    accepted: {
      ...draft,
      supplier: trimmed(draft.supplier),
      appId,
      namespace,
      id,
      createdAt: now,
      updatedAt: now,
    },
  };
}

/** A replacement: what the draft leaves out is gone. The apps stay. */
export function decideUpdateProfile(
  profile: BillingProfile,
  draft: ProfileDraft,
  now: Instant,
): Decision<BillingProfile> {
  if (profile.deletedAt !== undefined)
    return { refused: coded('profile_already_deleted', 'the profile is deleted') };
  if (profile.isDefault && !draft.isDefault) {
    const message = 'the default profile cannot be unset; make another one the default';
    return { refused: coded('default_profile_cannot_be_unset', message) };
  }
  const wrong = refuseSupplier(draft.supplier);
  if (wrong !== undefined) return { refused: wrong };
  return { accepted: { ...profile, ...draft, supplier: trimmed(draft.supplier), updatedAt: now } };
}

export function decideDeleteProfile(profile: BillingProfile, now: Instant): Decision<BillingProfile> {
  if (profile.deletedAt !== undefined) return { accepted: profile };
  return profile.isDefault
    ? { refused: coded('default_profile_cannot_be_deleted', 'the default profile cannot be deleted') }
    : { accepted: { ...profile, deletedAt: now, updatedAt: now } };
}

function refuseSupplier(supplier: Party): Refusal | undefined {
  if (supplier.name === undefined || supplier.name === '') {
    return refusal.invalidField('$.supplier.name', 'supplier_name_required', 'is required');
  }
  if (supplier.addresses?.[0]?.country === undefined) {
    return refusal.invalidField(
      '$.supplier.addresses[0].country',
      'supplier_country_required',
      'is required',
    );
  }
  return undefined;
}

/** Only what an invoice shows: one address, and no members that are not the supplier's. */
const trimmed = ({ name, addresses, taxId, key }: Party): Party => ({
  ...(key === undefined ? {} : { key }),
  ...(name === undefined ? {} : { name }),
  ...(addresses === undefined ? {} : { addresses: addresses.slice(0, 1) }),
  ...(taxId === undefined ? {} : { taxId }),
});

const coded = (code: string, message: string): Refusal =>
  refusal.invalid(message, {
    issues: [{ code, message, severity: 'critical' }],
    extensions: { code, message },
  });
