import type { Ajv, AnySchema, ErrorObject, KeywordDefinition, ValidateFunction } from 'ajv';
import type { JsonSchema } from './operation-row.js';

interface Branch {
  readonly schema: JsonSchema;
  readonly probe: ValidateFunction;
  readonly fill: ValidateFunction;
}

type KeywordCheck = ((data: unknown, place?: { instancePath: string }) => boolean) & {
  errors?: Partial<ErrorObject>[];
};

/**
 * A union without a tag whose branches carry defaults. ajv's own `oneOf` leaves the defaults of branches that do not
 * match behind; this keyword probes without defaults and lets only the branch that matches fill its own.
 * Where none matches, the errors are those of the branch that the data resembles most.
 */
export function firstMatchKeyword(
  prober: Ajv,
  resolve: (schema: JsonSchema) => JsonSchema,
): (filler: Ajv) => KeywordDefinition {
  const resemblance = (schema: JsonSchema, data: unknown): number => {
    const { type, properties = {} } = resolve(schema);
    if (Array.isArray(data) || typeof data !== 'object' || data === null)
      return type === 'array' && Array.isArray(data) ? 1 : 0;
    return type === 'array' ? -1 : Object.keys(data).filter((name) => Object.hasOwn(properties, name)).length;
  };
  return (filler) => ({
    keyword: 'firstMatch',
    schemaType: 'array',
    errors: 'full',
    compile: (schemas: readonly JsonSchema[]) => {
      let branches: readonly Branch[] | undefined;
      const check: KeywordCheck = (data, place) => {
        // Compiled at first use, because a branch may refer back to the schema that is being compiled.
        branches ??= schemas.map((schema) => ({
          schema,
          probe: prober.compile(schema as AnySchema),
          fill: filler.compile(schema as AnySchema),
        }));
        const match = branches.find(({ probe }) => probe(data));
        if (match !== undefined) return match.fill(data);
        const likeliest = branches.reduce((best, each) =>
          resemblance(each.schema, data) > resemblance(best.schema, data) ? each : best,
        );
        likeliest.fill(data);
        const prefix = place?.instancePath ?? '';
        check.errors = (likeliest.fill.errors ?? []).map((error) => ({
          ...error,
          instancePath: prefix + error.instancePath,
        }));
        return false;
      };
      return check;
    },
  });
}
