import { invariant } from '@ledgerline/kernel';

/** ClickHouse types that our parameters have. */
export type ParamType =
  'String' | 'UInt16' | 'UInt32' | 'UInt64' | 'Int64' | 'Array(String)' | 'Array(UInt16)' | 'Array(Int64)';

export type ParamValue = string | number | bigint | readonly string[] | readonly number[];

/** SQL of our own making and the values it names. No text of a caller ever stands in `sql`. */
export interface Statement {
  readonly sql: string;
  readonly params: Readonly<Record<string, ParamValue>>;
}

// Parameters travel in the address of a request, which takes a few kilobytes; a long list of our own numbers need not.
const boundNumbersMax = 32;

/** Turns values into `{p0:String}` placeholders; the same value is bound once. */
export class Binder {
  private readonly values: Record<string, ParamValue> = {};
  private readonly known = new Map<string, string>();
  private count = 0;

  bind(type: ParamType, value: ParamValue): string {
    const identity = `${type}:${Array.isArray(value) ? JSON.stringify(value) : String(value)}`;
    const bound = this.known.get(identity);
    if (bound !== undefined) return bound;
    if (isLongList(value))
      return this.know(identity, `CAST([${value.map(wholeNumber).join(',')}], '${type}')`);
    const name = `p${this.count}`;
    this.count += 1;
    this.values[name] = value;
    return this.know(identity, `{${name}:${type}}`);
  }

  private know(identity: string, sql: string): string {
    this.known.set(identity, sql);
    return sql;
  }

  statement(sql: string): Statement {
    return { sql, params: this.values };
  }
}

const isLongList = (value: ParamValue): value is readonly number[] =>
  Array.isArray(value) && value.length > boundNumbersMax && value.every((one) => typeof one === 'number');

function wholeNumber(value: number): string {
  invariant(Number.isSafeInteger(value), 'a list of whole numbers');
  return String(value);
}
