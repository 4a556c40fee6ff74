import type { components } from '@ledgerline/contract';
import type { UnitOfWork } from '@ledgerline/kernel';
import type { InvoicingApps, ProfileListQuery, ProfileStore } from '../core/ports.js';
import type { BillingProfile } from '../core/workflow.js';
import { noSuchProfile } from './change-profiles.js';

type App = components['schemas']['App'];

/** A profile and, when they were asked for, its apps. */
export interface ProfileReading {
  readonly profile: BillingProfile;
  readonly app?: App | undefined;
}

export class ReadProfiles {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly profiles: ProfileStore,
    private readonly apps: InvoicingApps,
  ) {}

  async get(namespace: string, id: string, expandApps: boolean): Promise<ProfileReading> {
    const profile = await this.profiles.find(this.unitOfWork.reader(namespace), id);
    if (profile === undefined) throw noSuchProfile(id);
    const [reading] = await this.withApps(namespace, [profile], expandApps);
    return reading ?? { profile };
  }

  async list(
    namespace: string,
    query: ProfileListQuery,
    expandApps: boolean,
  ): Promise<{ readonly items: readonly ProfileReading[]; readonly totalCount: number }> {
    const page = await this.profiles.list(this.unitOfWork.reader(namespace), query);
    return {
      items: await this.withApps(namespace, page.items, expandApps),
      totalCount: page.totalCount,
    };
  }

  private async withApps(
    namespace: string,
    profiles: readonly BillingProfile[],
    expandApps: boolean,
  ): Promise<readonly ProfileReading[]> {
    if (!expandApps) return profiles.map((profile) => ({ profile }));
    const ids = [...new Set(profiles.map(({ appId }) => appId))];
    const apps = await this.apps.describe(this.unitOfWork.reader(namespace), ids);
    return profiles.map((profile) => ({ profile, app: apps.get(profile.appId) }));
  }
}
