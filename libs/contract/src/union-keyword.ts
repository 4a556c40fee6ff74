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

/** `firstMatch` stands for `anyOf`, `onlyMatch` for `oneOf`. */
export const unionKeywords = ['firstMatch', 'onlyMatch'] as const;
export type UnionKeyword = (typeof unionKeywords)[number];

const tooManyForms = { keyword: 'onlyMatch', message: 'must have only one of its forms, not a mixture' };

/** The branches that match: all of them where only one may, else the first. */
function matchesOf(branches: readonly Branch[], data: unknown, all: boolean): readonly Branch[] {
  if (all) return branches.filter(({ probe }) => probe(data));
  const first = branches.find(({ probe }) => probe(data));
  return first === undefined ? [] : [first];
}

/**
 * A union without a tag whose branches carry defaults. ajv's own keywords leave the defaults of branches that do not
 * match behind; these probe without defaults and let only the branch that matches fill its own.
 * Where none matches, the errors are those of the branch that the data resembles most.
 */
export function unionKeyword(
  prober: Ajv,
  resolve: (schema: JsonSchema) => JsonSchema,
): (keyword: UnionKeyword, filler: Ajv) => KeywordDefinition {
  const resemblance = (schema: JsonSchema, data: unknown): number => {
    const { type, properties = {} } = resolve(schema);
    if (Array.isArray(data) || typeof data !== 'object' || data === null)
      return type === 'array' && Array.isArray(data) ? 1 : 0;
    return type === 'array' ? -1 : Object.keys(data).filter((name) => Object.hasOwn(properties, name)).length;
  };
  return (keyword, filler) => ({
    keyword,
    schemaType: 'array',
    errors: 'full',
    compile: (schemas: readonly JsonSchema[]) => {
      const exactlyOne = keyword === 'onlyMatch';
      let branches: readonly Branch[] | undefined;
      const check: KeywordCheck = (data, place) => {
        // Compiled at first use, because a branch may refer back to the schema that is being compiled.
        branches ??= schemas.map((schema) => ({
          schema,
          probe: prober.compile(schema as AnySchema),
          fill: filler.compile(schema as AnySchema),
        }));
        const [match, other] = matchesOf(branches, data, exactlyOne);
        if (other !== undefined) {
          check.errors = [
            { ...tooManyForms, instancePath: place?.instancePath ?? '', params: { matches: 'several' } },
          ];
          return false;
        }
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
