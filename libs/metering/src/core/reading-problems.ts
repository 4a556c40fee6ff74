/** Codes that the SQL extractor answers; see `numberProblemSql`. */
export interface ReadingProblem {
  readonly code: number;
  /** The path as the meter states it. */
  readonly path: string;
  /** The value's own text, where it has one. */
  readonly text: string;
}

/** The sentence that the list of events shows for a value that a meter cannot read. */
export function describeReadingProblem({ code, path, text }: ReadingProblem): string {
  switch (code) {
    case 1:
      return 'invalid event: null and missing value property';
    case 2:
      return `invalid event: missing value property: ${JSON.stringify(path)}`;
    case 3:
      return 'invalid event: value cannot be null';
    case 4:
      return 'invalid event: value cannot be infinity';
    case 5:
      return 'invalid event: value cannot be NaN';
    case 6:
      return `invalid event: value cannot be parsed as float64: ${text}`;
    case 7:
      // Ours alone: upstream lets such a value overflow a sum.
      return `invalid event: value is outside of what a reading can hold (19 digits before the point): ${text}`;
    case 9:
      return 'invalid event: unsupported value property type: array';
    case 10:
      return 'invalid event: unsupported value property type: object';
    default:
      return 'invalid event: unsupported value property type: bool';
  }
}
