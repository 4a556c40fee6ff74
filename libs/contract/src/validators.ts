import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { unionKeyword, unionKeywords } from './union-keyword.js';
import { formats } from './formats.js';
import type { JsonSchema } from './operation-row.js';
import { requestSchemaTexts, schemaTexts } from './schemas.gen.js';

export type { ValidateFunction };

const parsed = new Map<string, JsonSchema>();

/** The normalised schema of that name, as the documents define it for replies. */
export function schemaNamed(name: string): JsonSchema {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = schemaTexts[name];
  if (text === undefined) throw new Error(`no schema is called ${name}`);
  const schema = JSON.parse(text) as JsonSchema;
  parsed.set(name, schema);
  return schema;
}

export const resolved = (schema: JsonSchema): JsonSchema =>
  schema.$ref === undefined ? schema : resolved(schemaNamed(schema.$ref));

type Schemas = ReadonlyMap<string, JsonSchema>;

function newAjv(schemas: Schemas, options: { useDefaults: boolean; allErrors: boolean }): Ajv {
  const ajv = new Ajv({
    ...options,
    // OpenAPI has members that JSON Schema does not know (readOnly, discriminator); they are no mistakes.
    strict: false,
    // One wrong field in a tagged union is one error, not one per branch.
    discriminator: true,
    // One pattern of the document is not legal under the `u` flag.
    unicodeRegExp: false,
    // An inlined union branch would lose its defaults.
    inlineRefs: false,
    // Ours, generated and tested: checking them against the meta-schema again costs start-up time.
    validateSchema: false,
    addUsedSchema: false,
  });
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format);
  for (const [name, schema] of schemas) ajv.addSchema(schema, name);
  return ajv;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const replySchemas = lazy<Schemas>(
  () => new Map(Object.keys(schemaTexts).map((name) => [name, schemaNamed(name)])),
);
const requestSchemas = lazy<Schemas>(() => {
  const schemas = new Map(replySchemas());
  for (const [name, text] of Object.entries(requestSchemaTexts))
    schemas.set(name, JSON.parse(text) as JsonSchema);
  return schemas;
});

function family(schemas: () => Schemas, useDefaults: boolean): { first: () => Ajv; all: () => Ajv } {
  const resolveIn = (schema: JsonSchema): JsonSchema => {
    const target = schema.$ref === undefined ? undefined : schemas().get(schema.$ref);
    return target === undefined ? schema : resolveIn(target);
  };
  const make = (options: { useDefaults: boolean; allErrors: boolean }): Ajv => {
    const ajv = newAjv(schemas(), options);
    const prober = options.useDefaults ? newAjv(schemas(), { useDefaults: false, allErrors: false }) : ajv;
    const definition = unionKeyword(prober, resolveIn);
    for (const keyword of unionKeywords) {
      ajv.addKeyword(definition(keyword, ajv));
      if (prober !== ajv) prober.addKeyword(definition(keyword, prober));
    }
    return ajv;
  };
  return {
    first: lazy(() => make({ useDefaults, allErrors: false })),
    all: lazy(() => make({ useDefaults: false, allErrors: true })),
  };
}

const requests = family(requestSchemas, true);
const replies = family(replySchemas, false);

/** A check of one schema, compiled when first asked: `first` stops at the first mistake, `all` names every one. */
export interface Checker {
  readonly first: () => ValidateFunction;
  readonly all: () => ValidateFunction;
}

const checkerIn = (ajvs: { first: () => Ajv; all: () => Ajv }, schema: JsonSchema): Checker => ({
  first: lazy(() => ajvs.first().compile(schema as AnySchema)),
  all: lazy(() => ajvs.all().compile(schema as AnySchema)),
});

/** For what clients send: fills defaults in place; read-only properties are neither demanded nor looked at. */
export const requestChecker = (schema: JsonSchema): Checker => checkerIn(requests, schema);
/** For what we answer: changes nothing. */
export const replyChecker = (schema: JsonSchema): Checker => checkerIn(replies, schema);
