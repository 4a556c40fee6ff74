import { acceptedOrThrow, newId, refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { meterNotFound } from '../core/decide-meter.js';
import type { PortalTokenFormat, PortalTokenStore, WhichTokens } from '../core/portal-ports.js';
import {
  claimsOf,
  decidePortalToken,
  type PortalToken,
  type PortalTokenDraft,
} from '../core/portal-token.js';
import type { MeterStore } from '../core/ports.js';
import { type Caller, scopeOfCaller } from './create-meter.js';

export interface PortalSettings {
  readonly enabled: boolean;
  /** Empty: each namespace gets a key of its own. */
  readonly tokenSecret: string;
  /** Whether there is a key to seal the keys of namespaces with. */
  readonly canSeal: boolean;
  readonly tokenExpirationSeconds: number;
}

export interface PortalPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly tokens: PortalTokenStore;
  readonly format: PortalTokenFormat;
  readonly settings: PortalSettings;
}

/** Ended tokens stay listed for a day, so that a person can see what there was. */
const keptAfterEnd = { hours: 24 } as const;

/** Makes, lists and takes back the tokens by which an end customer's browser asks for its own usage. */
export class ManagePortalTokens {
  constructor(private readonly ports: PortalPorts) {}

  async create(
    caller: Caller,
    draft: PortalTokenDraft,
  ): Promise<{ readonly kept: PortalToken; readonly token: string }> {
    this.refuseWhenOff();
    const { unitOfWork, tokens, format, settings } = this.ports;
    return unitOfWork.run(scopeOfCaller(caller), async (tx) => {
      const kept = acceptedOrThrow(
        decidePortalToken(draft, {
          id: newId(),
          now: tx.at,
          lifetimeSeconds: settings.tokenExpirationSeconds,
        }),
      );
      for (const slug of kept.allowedMeterSlugs ?? []) {
        const meter = await this.ports.meters.findLive(tx, slug);
        if (meter === undefined) throw new Refused(meterNotFound(slug));
      }
      await tokens.removeExpired(tx, tx.at.subtract(keptAfterEnd));
      await tokens.insert(tx, kept);
      const secret = await this.secretFor(tx);
      return { kept, token: await format.write(claimsOf(tx.namespace, kept), secret) };
    });
  }

  list(namespace: string, limit: number): Promise<readonly PortalToken[]> {
    this.refuseWhenOff();
    return this.ports.tokens.list(this.ports.unitOfWork.reader(namespace), limit);
  }

  /** Tokens that are not there, or no longer, change nothing. */
  async invalidate(caller: Caller, which: WhichTokens): Promise<void> {
    this.refuseWhenOff();
    if (which.id === undefined && which.subject === undefined) {
      throw new Refused(refusal.invalid('id or subject must say which tokens to invalidate'));
    }
    const { unitOfWork, tokens } = this.ports;
    await unitOfWork.run(scopeOfCaller(caller), async (tx) => {
      const ids = await tokens.invalidate(tx, which);
      // Only this is a decision worth a place in history: tokens are made with every view of a page.
      await unitOfWork.append(
        tx,
        ids.map((id) => ({ stream: `portal-token:${id}`, type: 'PortalTokenInvalidated', data: { id } })),
      );
    });
  }

  private async secretFor(tx: Tx): Promise<string> {
    const { settings, tokens, format } = this.ports;
    if (settings.tokenSecret !== '') return settings.tokenSecret;
    return (await tokens.findSecret(tx)) ?? tokens.keepSecret(tx, format.newSecret());
  }

  private refuseWhenOff(): void {
    const { enabled, tokenSecret, canSeal } = this.ports.settings;
    if (!enabled) throw new Refused(refusal.notImplemented('the portal is not enabled'));
    if (tokenSecret === '' && !canSeal) {
      throw new Refused(
        refusal.notImplemented('the portal needs portal.tokenSecret or secrets.keys to be set'),
      );
    }
  }
}
