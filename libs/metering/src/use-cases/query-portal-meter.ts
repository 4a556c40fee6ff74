import { acceptedOrThrow, type Clock, refusal, Refused } from '@ledgerline/kernel';
import { meterNotFound } from '../core/decide-meter.js';
import type { MeterQueryAnswer } from '../core/meter-query.js';
import { admitPortalQuery, invalidToken, readBearer } from '../core/portal-token.js';
import type { MeterQueryInput } from '../core/read-meter-query.js';
import type { PortalPorts } from './manage-portal-tokens.js';
import type { QueryMeter } from './query-meter.js';

/** Answers a meter query of a portal token: of its namespace and of its subject alone. */
export class QueryPortalMeter {
  constructor(
    private readonly ports: PortalPorts,
    private readonly queryMeter: QueryMeter,
    private readonly clock: Clock,
  ) {}

  async run(
    authorization: string | undefined,
    slug: string,
    input: Omit<MeterQueryInput, 'subject' | 'filterCustomerId'>,
  ): Promise<{ readonly namespace: string; readonly answer: MeterQueryAnswer }> {
    const { namespace, subject } = await this.admit(authorization, slug);
    const meter = await this.ports.meters.findLive(this.ports.unitOfWork.reader(namespace), slug);
    if (meter === undefined) throw new Refused(meterNotFound(slug));
    const answer = await this.queryMeter.run(namespace, meter.id, { ...input, subject: [subject] });
    return { namespace, answer };
  }

  private async admit(
    authorization: string | undefined,
    slug: string,
  ): Promise<{ readonly namespace: string; readonly subject: string }> {
    const { unitOfWork, tokens, format, settings } = this.ports;
    if (!settings.enabled) throw new Refused(refusal.unauthenticated('the portal is not enabled'));
    const token = acceptedOrThrow(readBearer(authorization));
    const now = this.clock.now();
    const claimed = format.peekNamespace(token);
    if (claimed === undefined) throw new Refused(invalidToken('it cannot be read').refused);
    const db = unitOfWork.reader(claimed);
    const secret = settings.tokenSecret === '' ? await tokens.findSecret(db) : settings.tokenSecret;
    if (secret === undefined) throw new Refused(invalidToken('nobody signed it').refused);
    const claims = await format.read(token, secret, now);
    if ('wrong' in claims) throw new Refused(invalidToken(claims.wrong).refused);
    const kept = await tokens.find(db, claims.id);
    return acceptedOrThrow(admitPortalQuery(claims, { slug, now, kept }));
  }
}
