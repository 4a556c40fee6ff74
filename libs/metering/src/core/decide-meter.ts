import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { type JsonPath, parseJsonPath } from './json-path.js';
import { type Aggregation, type GroupBy, groupByTexts, type Meter, sameGroupBy } from './meter.js';

/** What a caller may say about a new meter; texts not yet read. */
export interface MeterDraft {
  readonly slug: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
  readonly aggregation: Aggregation;
  readonly eventType: string;
  readonly eventFrom?: Instant | undefined;
  readonly valueProperty?: string | undefined;
  readonly groupBy?: Readonly<Record<string, string>> | undefined;
}

export interface NewMeterFacts {
  readonly namespace: string;
  readonly id: string;
  readonly now: Instant;
  /** Whether a live meter has the slug already. */
  readonly slugTaken: boolean;
}

const groupKey = /^[a-zA-Z_][0-9a-zA-Z_]*$/;
/** Values of a row are told apart by all of them; beyond this a query's answer has no use for a reader. */
export const groupByKeysMax = 64;
// One path, one text, one row in Postgres: longer types are a mistake of the producer.
const eventTypeLengthMax = 256;
// A column of a group-by result with one of these names could not be told from ours.
const reservedKeys: readonly string[] = ['subject', 'customer_id'];

const invalid = (field: string, code: string, message: string): Refused => ({
  refused: refusal.invalidField(field, code, message),
});
interface Refused {
  readonly refused: Refusal;
}

/** Every rule of a new meter but the slug's uniqueness, which only the store can promise for good. */
export function decideCreateMeter(draft: MeterDraft, facts: NewMeterFacts): Decision<Meter> {
  if (draft.description === '') return invalid('$.description', 'description_empty', 'must not be empty');
  if (draft.eventType.trim() === '') return invalid('$.eventType', 'event_type_empty', 'must not be empty');
  if (draft.eventType.length > eventTypeLengthMax) {
    return invalid(
      '$.eventType',
      'event_type_long',
      `must not be longer than ${eventTypeLengthMax} characters`,
    );
  }
  const value = readValueProperty(draft);
  if (value.refused !== undefined) return value;
  const groupBy = readGroupBy(draft.groupBy ?? {}, draft.valueProperty);
  if (groupBy.refused !== undefined) return groupBy;
  if (facts.slugTaken) return { refused: slugConflict() };
  return {
    accepted: {
      id: facts.id,
      namespace: facts.namespace,
      slug: draft.slug,
      name: draft.name ?? draft.slug,
      description: draft.description,
      metadata: draft.metadata ?? undefined,
      aggregation: draft.aggregation,
      eventType: draft.eventType,
      eventFrom: draft.eventFrom,
      valueProperty: value.accepted.path,
      groupBy: groupBy.accepted,
      version: 1,
      createdAt: facts.now,
      updatedAt: facts.now,
      deletedAt: undefined,
    },
  };
}

export const slugConflict = (): Refusal => refusal.conflict('meter with the same slug already exists');

function readValueProperty(draft: MeterDraft): Decision<{ readonly path: JsonPath | undefined }> {
  const text = draft.valueProperty;
  if (draft.aggregation === 'COUNT') {
    return text === undefined
      ? { accepted: { path: undefined } }
      : invalid(
          '$.valueProperty',
          'value_property_of_count',
          'meter value property must be empty when the aggregation is count',
        );
  }
  if (text === undefined || text === '') {
    return invalid(
      '$.valueProperty',
      'value_property_missing',
      'meter value property is required when the aggregation is not count',
    );
  }
  if (!text.startsWith('$')) {
    return invalid('$.valueProperty', 'value_property_start', 'meter value property must start with $');
  }
  const path = parseJsonPath(text);
  if (path.refused !== undefined)
    return invalid('$.valueProperty', 'value_property_path', path.refused.detail);
  return { accepted: { path: path.accepted } };
}

function readGroupBy(
  given: Readonly<Record<string, string>>,
  valueProperty: string | undefined,
): Decision<GroupBy> {
  const entries = Object.entries(given);
  if (entries.length > groupByKeysMax) {
    return invalid('$.groupBy', 'group_by_many', `must not have more than ${groupByKeysMax} keys`);
  }
  const groupBy: { key: string; path: JsonPath }[] = [];
  for (const [key, text] of entries) {
    const field = `$.groupBy[${JSON.stringify(key)}]`;
    if (!groupKey.test(key)) {
      return invalid(
        field,
        'group_by_key',
        'group by key must be alphanumeric or underscore, not starting with a digit',
      );
    }
    if (reservedKeys.includes(key))
      return invalid(field, 'group_by_reserved', `group by key "${key}" is reserved`);
    if (!text.startsWith('$')) return invalid(field, 'group_by_start', 'group by value must start with $');
    if (text === valueProperty) {
      return invalid(field, 'group_by_is_value', 'group by value cannot be the same as the value property');
    }
    const path = parseJsonPath(text);
    if (path.refused !== undefined) return invalid(field, 'group_by_path', path.refused.detail);
    groupBy.push({ key, path: path.accepted });
  }
  return { accepted: groupBy };
}

/** What a caller may change. An absent name falls back to the slug, absent groups and metadata are cleared. */
export interface MeterChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
  readonly groupBy?: Readonly<Record<string, string>> | undefined;
}

export interface MeterUpdateFacts {
  readonly meter: Meter;
  readonly now: Instant;
  /** Keys that filters of active features name. */
  readonly groupByKeysInUse: readonly string[];
}

export interface MeterUpdate {
  readonly meter: Meter;
  /** Whether the groups changed, so that readings of a new version have to be built. */
  readonly newVersion: boolean;
}

export function decideUpdateMeter(change: MeterChange, facts: MeterUpdateFacts): Decision<MeterUpdate> {
  const { meter, now } = facts;
  if (meter.deletedAt !== undefined) return { refused: meterNotFound(meter.id) };
  if (change.description === '') return invalid('$.description', 'description_empty', 'must not be empty');
  const groupBy = readGroupBy(change.groupBy ?? {}, meter.valueProperty?.text);
  if (groupBy.refused !== undefined) return groupBy;
  const lost = facts.groupByKeysInUse.filter((used) => !groupBy.accepted.some(({ key }) => key === used));
  if (lost.length > 0) {
    return {
      refused: refusal.conflict(
        `meter group by keys in use by active features cannot be removed: ${lost.toSorted().join(', ')}`,
      ),
    };
  }
  const newVersion = !sameGroupBy(meter.groupBy, groupBy.accepted);
  return {
    accepted: {
      newVersion,
      meter: {
        ...meter,
        name: change.name ?? meter.slug,
        description: change.description ?? meter.description,
        metadata: change.metadata ?? undefined,
        // The same groups in another order keep the order that readings were built with.
        groupBy: newVersion ? groupBy.accepted : meter.groupBy,
        version: newVersion ? meter.version + 1 : meter.version,
        updatedAt: now,
      },
    },
  };
}

export const meterNotFound = (idOrSlug: string): Refusal => refusal.notFound(`meter not found: ${idOrSlug}`);

export interface MeterUse {
  readonly activeFeatures: number;
  readonly entitlements: number;
}

/** Undefined as accepted outcome: it was deleted already, and a second deletion is a success that changes nothing. */
export function decideDeleteMeter(meter: Meter, use: MeterUse, now: Instant): Decision<Meter | undefined> {
  if (meter.deletedAt !== undefined) return { accepted: undefined };
  if (use.activeFeatures > 0) {
    return { refused: refusal.conflict('meter has active features and cannot be deleted') };
  }
  if (use.entitlements > 0) {
    return { refused: refusal.conflict('meter has entitlements on its features and cannot be deleted') };
  }
  return { accepted: { ...meter, deletedAt: now, updatedAt: now } };
}

export type DeclaredMeter =
  | { readonly verb: 'create'; readonly draft: MeterDraft }
  | { readonly verb: 'update'; readonly meter: Meter; readonly change: MeterChange }
  | { readonly verb: 'keep'; readonly meter: Meter };

/**
 * What to do about one meter of the configuration file. The file is the authority for description and groups of the
 * meters it names; what a meter counts cannot change under its readings, so that is a mistake to correct in the file.
 */
export function decideDeclaredMeter(draft: MeterDraft, live: Meter | undefined): Decision<DeclaredMeter> {
  if (live === undefined) return { accepted: { verb: 'create', draft } };
  const fixed: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['eventType', draft.eventType, live.eventType],
    ['aggregation', draft.aggregation, live.aggregation],
    ['valueProperty', draft.valueProperty, live.valueProperty?.text],
  ];
  for (const [field, declared, stored] of fixed) {
    if (declared !== stored) {
      return {
        refused: refusal.conflict(
          `meters: ${draft.slug}: ${field} is ${declared ?? 'absent'} in the configuration but ${stored ?? 'absent'} in ` +
            'the meter that exists, and cannot change; declare a new slug, or delete the old meter first',
        ),
      };
    }
  }
  const groupBy = draft.groupBy ?? {};
  const sameGroups = sameRecords(groupBy, groupByTexts(live.groupBy));
  const sameDescription = draft.description === undefined || draft.description === live.description;
  if (sameGroups && sameDescription) return { accepted: { verb: 'keep', meter: live } };
  return {
    accepted: {
      verb: 'update',
      meter: live,
      change: { name: live.name, description: draft.description, metadata: live.metadata, groupBy },
    },
  };
}

const sameRecords = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => b[key] === value);
