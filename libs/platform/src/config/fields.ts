/** One configuration value: its JSON schema, its default and the reason for it. `T` is what code reads. */
export interface Field<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly why: string;
  readonly fallback: T | ((basePort: number) => T);
}

interface IntegerOptions {
  readonly fallback: number | ((basePort: number) => number);
  readonly min: number;
  readonly max: number;
  readonly why: string;
}

export const integer = ({ fallback, min, max, why }: IntegerOptions): Field<number> => ({
  schema: { type: 'integer', minimum: min, maximum: max },
  fallback,
  why,
});

/** A share between nothing and all. */
export const ratio = (fallback: number, why: string): Field<number> => ({
  schema: { type: 'number', minimum: 0, maximum: 1 },
  fallback,
  why,
});

export const port = (offset: number, why: string): Field<number> =>
  integer({ fallback: (base) => base + offset, min: 0, max: 65_535, why });

export const text = (
  fallback: string | ((basePort: number) => string),
  why: string,
  pattern?: string,
): Field<string> => ({
  schema: pattern === undefined ? { type: 'string' } : { type: 'string', pattern },
  fallback,
  why,
});

export const flag = (fallback: boolean, why: string): Field<boolean> => ({
  schema: { type: 'boolean' },
  fallback,
  why,
});

export const choice = <const T extends string>(
  options: readonly T[],
  fallback: NoInfer<T>,
  why: string,
): Field<T> => ({
  schema: { enum: options },
  fallback,
  why,
});

export const texts = (
  fallback: readonly string[] | ((basePort: number) => readonly string[]),
  why: string,
): Field<readonly string[]> => ({
  schema: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
  fallback,
  why,
});

export type Section = Readonly<Record<string, Field<unknown>>>;
export type Values<S extends Section> = {
  readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never;
};
