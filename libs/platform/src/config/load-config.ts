import { Ajv, type ErrorObject } from 'ajv';
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { PlainError } from '../plain-error.js';
import { reasonOf } from '../telemetry/reason.js';
import type { Field } from './fields.js';
import { type Config, meterSchema, sections } from './schema.js';

/** A configuration that cannot be used. The message is one line per mistake and names the key to correct. */
export class ConfigError extends PlainError {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

export interface ConfigSource {
  /** Path of the YAML document; LEDGERLINE_CONFIG when absent; no document at all is fine. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Loose = Record<string, Record<string, unknown>>;
const envPrefix = 'LEDGERLINE_';
// Names the file itself, so it cannot be a key within it.
const fileVariable = `${envPrefix}CONFIG`;
// Where the launchers keep what they fetched; read before there is a configuration.
const cacheVariable = `${envPrefix}CACHE`;
// Belongs to the test runner, whose variables a spawned service inherits.
const testPrefix = `${envPrefix}TEST_`;

const allFields: readonly (readonly [string, string, Field<unknown>])[] = Object.entries(sections).flatMap(
  ([section, fields]) =>
    Object.entries(fields as Record<string, Field<unknown>>).map(
      ([key, field]) => [section, key, field] as const,
    ),
);

const screaming = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
const envNameOf = (section: string, key: string): string =>
  `${envPrefix}${screaming(section)}_${screaming(key)}`;
const fieldByEnvName = new Map(
  allFields.map(([section, key, field]) => [envNameOf(section, key), { section, key, field }]),
);

const documentSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      Object.entries(sections).map(([section, fields]) => [
        section,
        {
          type: 'object',
          additionalProperties: false,
          properties: Object.fromEntries(
            Object.entries(fields as Record<string, Field<unknown>>).map(([key, field]) => [
              key,
              field.schema,
            ]),
          ),
        },
      ]),
    ),
    meters: { type: 'array', items: meterSchema },
  },
};
const validate = new Ajv({ allErrors: true }).compile(documentSchema);

/** Reads, merges (environment over file over defaults), checks and freezes the configuration. */
export function loadConfig(source: ConfigSource): Config {
  const file = source.file ?? source.env[fileVariable];
  const document = file === undefined ? {} : readDocument(file);
  const problems: string[] = applyEnvironment(document, source.env);
  if (!validate(document)) problems.push(...(validate.errors ?? []).map(explain));
  if (problems.length > 0) throw new ConfigError(problems);
  const config = withDefaults(document);
  const contradictions = findContradictions(config, source.env);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return deepFreeze(config);
}

function readDocument(file: string): Loose {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`cannot read the configuration file ${file}: ${reasonOf(error)}`]);
  }
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw new ConfigError([`${file} is not valid YAML: ${reasonOf(error)}`]);
  }
  if (document === null || document === undefined) return {}; // an empty file sets nothing
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new ConfigError([`${file} must be a mapping of sections`]);
  }
  return document as Loose;
}

function applyEnvironment(document: Loose, env: ConfigSource['env']): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith(envPrefix)) continue;
    if (name === fileVariable || name === cacheVariable || name.startsWith(testPrefix)) continue;
    const target = fieldByEnvName.get(name);
    if (target === undefined) {
      problems.push(
        `unknown environment variable ${name}${suggest(name, [...fieldByEnvName.keys(), fileVariable])}`,
      );
      continue;
    }
    const section = (document[target.section] ??= {});
    // A section that is not a mapping is reported by the schema, with its name.
    if (typeof section === 'object') section[target.key] = readVariable(value, target.field.schema['type']);
  }
  return problems;
}

function readVariable(value: string, type: unknown): unknown {
  if (type === 'integer') return /^-?\d+$/.test(value) ? Number(value) : value;
  if (type === 'number') return /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  if (type === 'array')
    return value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return value;
}

function explain(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'additionalProperties') {
    const unknown = String(error.params['additionalProperty']);
    const key = path === '' ? unknown : `${path}.${unknown}`;
    return `unknown configuration key ${key}${suggest(key, knownKeysUnder(path))}`;
  }
  const where = path === '' ? 'the configuration' : path;
  if (error.keyword === 'enum') {
    const allowed = error.params['allowedValues'] as readonly string[];
    return `${where} must be one of ${allowed.join(', ')}`;
  }
  return `${where} ${error.message ?? 'is not valid'}`;
}

function knownKeysUnder(path: string): string[] {
  if (path === '') return [...Object.keys(sections), 'meters'];
  if (path.startsWith('meters')) return Object.keys(meterSchema.properties).map((key) => `${path}.${key}`);
  // Keys of all sections: the likeliest mistake after a typo is the wrong section.
  return allFields.map(([section, key]) => `${section}.${key}`);
}

function suggest(wrong: string, known: readonly string[]): string {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  // Beyond half of its letters a suggestion confuses more than it helps.
  return best !== undefined && best.distance <= wrong.length / 2 ? `; did you mean ${best.name}?` : '';
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

function withDefaults(document: Loose): Config {
  const basePort = (document['instance']?.['port'] ?? sections.instance.port.fallback) as number;
  const config: Record<string, unknown> = { meters: document['meters'] ?? [] };
  for (const section of Object.keys(sections)) config[section] = {};
  for (const [section, key, field] of allFields) {
    const fallback: unknown =
      typeof field.fallback === 'function'
        ? (field.fallback as (base: number) => unknown)(basePort)
        : field.fallback;
    (config[section] as Record<string, unknown>)[key] = document[section]?.[key] ?? fallback;
  }
  // Every field of every section has just been set and checked against the schema the type is derived from.
  return config as unknown as Config;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

function findContradictions(config: Config, env: ConfigSource['env']): string[] {
  const problems: string[] = [];
  if (config.clock.mode === 'virtual' && env['NODE_ENV'] === 'production') {
    problems.push(
      'clock.mode virtual is refused with NODE_ENV=production: it lets a request move the time that invoices are issued at',
    );
  }
  if (config.auth.mode === 'none' && !config.auth.allowRemoteWithoutKey) {
    for (const section of ['frontDoor', 'ingest', 'billing'] as const) {
      if (isLoopback(config[section].host)) continue;
      problems.push(
        `${section}.host ${config[section].host} is refused with auth.mode none: anybody who reaches it could write usage and ` +
          'money. Set auth.mode to api-key, or auth.allowRemoteWithoutKey to true when something in front of it checks who asks',
      );
    }
  }
  if (config.ingest.inflatedMaxBytes < config.ingest.bodyMaxBytes) {
    problems.push('ingest.inflatedMaxBytes must not be less than ingest.bodyMaxBytes');
  }
  const { eventsMonths, readingsMonths } = config.retention;
  if (readingsMonths > 0 && (eventsMonths === 0 || eventsMonths > readingsMonths)) {
    problems.push(
      'retention.readingsMonths must not be less than retention.eventsMonths: a new meter would be filled from events whose ' +
        'readings every other meter has lost',
    );
  }
  const slugs = config.meters.map((meter) => meter.slug);
  for (const slug of new Set(slugs.filter((one, index) => slugs.indexOf(one) !== index))) {
    problems.push(`meters: the slug ${slug} is declared twice`);
  }
  config.meters.forEach((meter, index) => {
    const counts = meter.aggregation === 'COUNT';
    if (counts && meter.valueProperty !== undefined)
      problems.push(`meters.${index}.valueProperty must be absent: ${meter.slug} is a COUNT`);
    if (!counts && meter.valueProperty === undefined)
      problems.push(`meters.${index}.valueProperty is required: ${meter.slug} is a ${meter.aggregation}`);
  });
  return problems;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
