import { acceptedOrThrow, newId, refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import {
  decideCreateProfile,
  decideDeleteProfile,
  decideUpdateProfile,
  type ProfileDraft,
} from '../core/decide-profile.js';
import type { InvoicingApps, ProfileStore } from '../core/ports.js';
import type { BillingProfile } from '../core/workflow.js';
import { profileFact } from './billing-profile-facts.js';
import { type Caller, scopeOf } from './scope.js';

/** Creates, replaces and deletes billing profiles. One default per namespace, whoever changes it when. */
export class ChangeProfiles {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly profiles: ProfileStore,
    private readonly apps: InvoicingApps,
  ) {}

  create(caller: Caller, draft: ProfileDraft, appIds: readonly string[]): Promise<BillingProfile> {
    return this.unitOfWork.run(scopeOf(caller), async (tx) => {
      const [appId = ''] = appIds;
      if (new Set(appIds).size !== 1) {
        const message = 'the tax, invoicing and payment apps must be the same app';
        throw new Refused(refusal.invalidField('$.apps', 'apps_differ', message));
      }
      if ((await this.apps.find(tx, appId)) === undefined) {
        throw new Refused(refusal.notFound(`there is no app ${appId}`));
      }
      return this.insert(tx, draft, appId);
    });
  }

  /** For the start of an instance: the profile that bills everybody until somebody makes another. */
  async ensureDefault(tx: Tx, draft: ProfileDraft, appId: string): Promise<void> {
    await this.profiles.lock(tx);
    if ((await this.profiles.findDefault(tx)) === undefined) await this.insert(tx, draft, appId);
  }

  update(caller: Caller, id: string, draft: ProfileDraft): Promise<BillingProfile> {
    return this.unitOfWork.run(scopeOf(caller), async (tx) => {
      await this.profiles.lock(tx);
      const updated = acceptedOrThrow(decideUpdateProfile(await this.require(tx, id), draft, tx.at));
      if (updated.isDefault) await this.demote(tx, id);
      await this.profiles.update(tx, updated);
      await this.unitOfWork.append(tx, [profileFact('BillingProfileUpdated', updated)]);
      return updated;
    });
  }

  delete(caller: Caller, id: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(caller), async (tx) => {
      await this.profiles.lock(tx);
      const profile = await this.require(tx, id);
      const deleted = acceptedOrThrow(decideDeleteProfile(profile, tx.at));
      if (deleted === profile) return;
      await this.profiles.update(tx, deleted);
      await this.unitOfWork.append(tx, [profileFact('BillingProfileDeleted', deleted)]);
    });
  }

  private async insert(tx: Tx, draft: ProfileDraft, appId: string): Promise<BillingProfile> {
    await this.profiles.lock(tx);
    const facts = { namespace: tx.namespace, id: newId(), now: tx.at };
    const profile = acceptedOrThrow(decideCreateProfile(draft, appId, facts));
    if (profile.isDefault) await this.demote(tx, profile.id);
    await this.profiles.insert(tx, profile);
    await this.unitOfWork.append(tx, [profileFact('BillingProfileCreated', profile)]);
    return profile;
  }

  private async demote(tx: Tx, except: string): Promise<void> {
    const current = await this.profiles.findDefault(tx);
    if (current === undefined || current.id === except) return;
    const demoted = { ...current, isDefault: false, updatedAt: tx.at };
    await this.profiles.update(tx, demoted);
    await this.unitOfWork.append(tx, [profileFact('BillingProfileUpdated', demoted)]);
  }

  private async require(tx: Tx, id: string): Promise<BillingProfile> {
    const profile = await this.profiles.find(tx, id);
    if (profile === undefined) throw noSuchProfile(id);
    return profile;
  }
}

export const noSuchProfile = (id: string): Refused =>
  new Refused(
    refusal.notFound(`there is no billing profile ${id}`, {
      extensions: { code: 'profile_not_found', message: 'profile not found' },
    }),
  );
