import { describe, expect, it } from '@jest/globals';
import { decimal, instant, type Instant, Temporal, toRfc3339 } from '@ledgerline/kernel';
import {
  decideCreateEntitlement,
  decideDeleteEntitlement,
  type EntitlementDraft,
  type EntitlementFacts,
  type NewEntitlement,
} from './decide-entitlement.js';
import { entitlementFromJson, entitlementToJson, grantFromJson, grantToJson } from './entitlement-json.js';
import { type Entitlement, isActiveAt } from './entitlement.js';
import { foldGrants } from './fold-grants.js';
import { refuseFarInstant, refuseLongRun } from './limits.js';

const now = instant('2025-06-15T12:00:30Z');
const monthly = { interval: Temporal.Duration.from('P1M'), anchor: instant('2025-06-01T00:00:30Z') };

function facts(more: Partial<EntitlementFacts> = {}): EntitlementFacts {
  let ids = 0;
  return {
    namespace: 'default',
    now,
    customerId: 'c1',
    feature: { id: 'f1', key: 'requests', meterId: 'm1' },
    newId: () => `id${++ids}`,
    life: { activeFrom: now },
    conflicting: undefined,
    ...more,
  };
}

type Metered = Extract<EntitlementDraft, { type: 'metered' }>;
const metered = (more: Partial<Metered> = {}): Metered => ({
  type: 'metered',
  usagePeriod: monthly,
  isSoftLimit: false,
  preserveOverageAtReset: false,
  ...more,
});

function accepted(draft: EntitlementDraft, more: Partial<EntitlementFacts> = {}): NewEntitlement {
  const decided = decideCreateEntitlement(draft, facts(more));
  if (decided.refused !== undefined) throw new Error(decided.refused.detail);
  return decided.accepted;
}

describe('where measuring begins', () => {
  it.each<[Metered['measureUsageFrom'], string]>([
    [undefined, '2025-06-15T12:00:00Z'],
    ['NOW', '2025-06-15T12:00:00Z'],
    ['CURRENT_PERIOD_START', '2025-06-01T00:00:00Z'],
    [instant('2025-05-05T05:05:05Z'), '2025-05-05T05:05:00Z'],
  ])('%s', (measureUsageFrom, expected) => {
    const { entitlement } = accepted(metered({ measureUsageFrom }));
    expect(entitlement.type === 'metered' && toRfc3339(entitlement.measureUsageFrom)).toBe(expected);
  });

  it('puts the anchor on a minute', () => {
    const { entitlement } = accepted(metered());
    expect(entitlement.usagePeriod?.anchor).toEqual(instant('2025-06-01T00:00:00Z'));
  });
});

describe('what it starts with', () => {
  it('is the default grant, from the period start or the start of measuring', () => {
    const { grants } = accepted(metered({ issue: { amount: decimal('0.1'), priority: 6 } }));
    expect(grants.map(grantToJson)).toMatchObject([
      {
        amount: '0.1',
        priority: 6,
        effectiveAt: '2025-06-15T12:00:00Z',
        minRollover: '0.1',
        maxRollover: '0.1',
        expiresAt: null,
        annotations: { issueAfterReset: true },
      },
    ]);
  });

  it('is nothing when nothing is issued', () => {
    const { grants, entitlement } = accepted(metered({ issue: { amount: decimal(0), priority: 1 } }));
    expect(grants).toEqual([]);
    expect(entitlement).toHaveProperty('issue', undefined);
  });

  it.each<[string, EntitlementDraft, Partial<EntitlementFacts>, string]>([
    ['no meter', metered(), { feature: { id: 'f', key: 'k' } }, 'invalid'],
    ['a conflicting one', metered(), { conflicting: { id: 'other' } }, 'conflict'],
    [
      'grants beside issue',
      metered({
        issue: { amount: decimal(1) },
        grants: [{ amount: decimal(1), effectiveAt: now, maxRollover: decimal(0) }],
      }),
      {},
      'invalid',
    ],
    ['a negative issue', metered({ issue: { amount: decimal(-1) } }), {}, 'invalid'],
    ['an anchor before 1900', { type: 'boolean', usagePeriod: farAnchor() }, {}, 'invalid'],
  ])('is refused with %s', (_what, draft, more, kind) => {
    expect(decideCreateEntitlement(draft, facts(more)).refused?.kind).toBe(kind);
  });
});

function farAnchor() {
  return { interval: monthly.interval, anchor: instant('1899-12-31T23:59:59Z') };
}

describe('life', () => {
  const alive = (from: string, to?: string, deletedAt?: Instant): boolean =>
    isActiveAt(
      { activeFrom: instant(from), activeTo: to === undefined ? undefined : instant(to), deletedAt },
      now,
    );
  it.each([
    ['from its first instant', toRfc3339(now), undefined, true],
    ['not before', '2025-06-15T12:00:30.001Z', undefined, false],
    ['not at its end', '2025-06-01T00:00:00Z', toRfc3339(now), false],
    ['before its end', '2025-06-01T00:00:00Z', '2025-06-15T12:00:30.001Z', true],
    ['never when empty', toRfc3339(now), toRfc3339(now), false],
  ])('%s', (_what, from, to, expected) => {
    expect(alive(from, to)).toBe(expected);
    expect(alive(from, to, now)).toBe(false);
  });

  it('ends by the user’s hand only when no subscription manages it', () => {
    const { entitlement } = accepted({ type: 'boolean' });
    expect(decideDeleteEntitlement(entitlement, now)).toMatchObject({ accepted: { deletedAt: now } });
    const managed: Entitlement = { ...entitlement, managedBy: { subscriptionId: 's', itemId: 'i' } };
    expect(decideDeleteEntitlement(managed, now).refused?.kind).toBe('forbidden');
  });
});

describe('facts', () => {
  const drafts: readonly EntitlementDraft[] = [
    metered({ metadata: { a: 'b' }, issue: { amount: decimal('1.5'), priority: 2 } }),
    metered(),
    { type: 'static', config: '{}', usagePeriod: monthly },
    { type: 'boolean' },
  ];
  it.each(drafts.map((draft) => [draft.type, draft] as const))('tell all of a %s one', (_type, draft) => {
    const { entitlement } = accepted(draft, {
      life: {
        activeFrom: now,
        activeTo: instant('2026-01-01T00:00:00Z'),
        managedBy: { subscriptionId: 's', itemId: 'i' },
      },
    });
    const json: unknown = JSON.parse(JSON.stringify(entitlementToJson(entitlement)));
    expect(entitlementFromJson(json as ReturnType<typeof entitlementToJson>, 'default')).toEqual(entitlement);
  });

  it('tell all of a grant, and what became of it', () => {
    const draft = {
      amount: decimal('0.30'),
      effectiveAt: now,
      expiration: { duration: 'MONTH', count: 1 },
      recurrence: { interval: Temporal.Duration.from('P1W') },
      maxRollover: decimal(2),
      metadata: { a: 'b' },
    } as const;
    const { grants } = accepted(metered({ grants: [draft, { ...draft, expiration: undefined }] }));
    const [first, second] = grants;
    expect(grants.map((grant) => grantFromJson(grantToJson(grant)))).toEqual(grants);
    const later = instant('2025-06-16T01:02:03.004Z');
    const folded = foldGrants([
      ...grants.map((grant) => ({ type: 'GrantCreated', data: grantToJson(grant) }) as const),
      {
        type: 'GrantVoided',
        data: { grantId: first!.id, voidedAt: '2025-06-15T12:00:00Z', at: toRfc3339(now) },
      },
      {
        type: 'EntitlementDeleted',
        data: { entitlementId: first!.entitlementId, deletedAt: toRfc3339(later) },
      },
    ]);
    const deleted = { deletedAt: instant('2025-06-16T01:02:00Z'), updatedAt: later };
    expect([...folded.values()]).toEqual([
      { ...first, voidedAt: instant('2025-06-15T12:00:00Z'), ...deleted },
      { ...second, ...deleted },
    ]);
  });
});

describe('limits', () => {
  it.each([
    ['1900-01-01T00:00:00Z', undefined],
    ['2999-12-31T23:59:59Z', undefined],
    ['3000-01-01T00:00:00Z', '$.at'],
    ['0001-01-01T00:00:00Z', '$.at'],
  ])('of an instant: %s', (at, field) => {
    expect(refuseFarInstant('$.at', instant(at))?.issues?.[0]?.field).toBe(field);
  });

  it('of a balance count resets and recurrences together, each until it is over', () => {
    const { entitlement, grants } = accepted(
      metered({
        usagePeriod: { interval: Temporal.Duration.from('PT1H') },
        grants: [
          {
            amount: decimal(1),
            effectiveAt: now,
            maxRollover: decimal(0),
            recurrence: { interval: Temporal.Duration.from('PT1H') },
            expiration: { duration: 'YEAR', count: 1 },
          },
        ],
      }),
    );
    if (entitlement.type !== 'metered') throw new Error('metered was asked for');
    const account = {
      aggregation: 'SUM',
      usagePeriods: [{ from: entitlement.measureUsageFrom, ...entitlement.usagePeriod }],
      preserveOverageAtReset: false,
    } as const;
    // 4.7 years have 41,200 hours, and the grant adds 8,766 of them.
    const at = instant('2030-02-25T00:00:00Z');
    expect(refuseLongRun({ ...account, grants: [] }, at)).toBeUndefined();
    expect(refuseLongRun({ ...account, grants }, at)).toBeUndefined();
    expect(refuseLongRun({ ...account, grants: [...grants, ...grants] }, at)?.kind).toBe('invalid');
  });
});
