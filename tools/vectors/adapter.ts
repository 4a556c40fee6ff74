/**
 * What a room offers to have its vectors run. A folder's `x.json` is answered by `tools/vectors/x.ts`, which exports
 * `export const adapter: VectorAdapter`. The room's golden spec and `npm run vectors` both call it, so the two cannot
 * disagree. An adapter imports rooms by package name (`@ledgerline/rating/core`) and holds no rule of its own: it
 * reads the vector, calls the core and compares.
 */
export interface VectorAdapter {
  /** The file it answers, without folder: `rating.json`. */
  readonly file: string;
  run(vector: Vector): VectorOutcome;
}

/** One vector as read from its file. Only these two fields are common; the adapter knows the shape of each kind. */
export interface Vector {
  readonly id: string;
  readonly kind: string;
}

export type VectorOutcome =
  | { readonly outcome: 'passed' }
  /** `difference` is one or more lines that name the field, the expected and the computed value. */
  | { readonly outcome: 'failed'; readonly difference: string }
  /** The core that answers this kind is not written yet. A kind the adapter has never heard of is `failed`. */
  | { readonly outcome: 'no-core' };

export const passed: VectorOutcome = { outcome: 'passed' };
export const noCore: VectorOutcome = { outcome: 'no-core' };
export const failed = (difference: string): VectorOutcome => ({ outcome: 'failed', difference });
export const unknownKind = (vector: Vector): VectorOutcome => failed(`unknown kind ${vector.kind}`);

/**
 * Compares plain JSON values: every field named in `expected` must be in `actual` with the same value, arrays in the
 * same order and length. Fields that only `actual` has are not compared, because a vector states facts, not shapes.
 */
export function compare(expected: unknown, actual: unknown): VectorOutcome {
  const differences = differencesOf(expected, actual, '$');
  return differences.length === 0 ? passed : failed(differences.join('\n'));
}

function differencesOf(expected: unknown, actual: unknown, path: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [difference(path, expected, actual)];
    const lengths =
      expected.length === actual.length ? [] : [difference(`${path}.length`, expected.length, actual.length)];
    return [
      ...lengths,
      ...expected.flatMap((item, index) => differencesOf(item, actual[index], `${path}[${index}]`)),
    ];
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return [difference(path, expected, actual)];
    return Object.entries(expected).flatMap(([key, value]) =>
      differencesOf(value, actual[key], `${path}.${key}`),
    );
  }
  // An absent field and an explicit null both say "none".
  return (expected ?? null) === (actual ?? null) ? [] : [difference(path, expected, actual)];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const difference = (path: string, expected: unknown, actual: unknown): string =>
  `${path}: expected ${JSON.stringify(expected ?? null)}, computed ${JSON.stringify(actual ?? null)}`;
