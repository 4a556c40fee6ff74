/** `INSERT` of one row; jsonb columns take their JSON as text. */
export const insertSql = (table: string, columns: readonly string[]): string =>
  `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`;

/** `UPDATE` of every column but the key, whose values are the first two parameters. */
export const updateSql = (table: string, columns: readonly string[]): string =>
  `UPDATE ${table} SET ${columns
    .slice(2)
    .map((column, index) => `${column} = $${index + 3}`)
    .join(', ')} WHERE namespace = $1 AND id = $2`;

/** Collects conditions and their parameters; each `?` of a condition is its value. */
export class Conditions {
  readonly parameters: unknown[];
  private readonly texts: string[];

  constructor(namespace: string) {
    this.parameters = [namespace];
    this.texts = ['namespace = $1'];
  }

  add(text: string, value: unknown): void {
    if (value === undefined) return;
    this.parameters.push(value);
    this.texts.push(text.replaceAll('?', `$${this.parameters.length}`));
  }

  raw(text: string): void {
    this.texts.push(text);
  }

  get where(): string {
    return this.texts.join(' AND ');
  }
}
