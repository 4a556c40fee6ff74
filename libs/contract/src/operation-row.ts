/** A JSON Schema as our generator writes it; only ajv and the query decoder look inside. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  /** Ours: `anyOf` and `oneOf` whose branches carry defaults. */
  readonly firstMatch?: readonly JsonSchema[];
  readonly onlyMatch?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly [keyword: string]: unknown;
}

export interface ParameterRow {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly style: 'form' | 'simple' | 'deepObject';
  readonly explode: boolean;
  /** `json`: the value is a JSON text. `style`: it is written as `style` and `explode` say. */
  readonly encoding: 'style' | 'json';
  readonly schema: JsonSchema;
}

/** What the documents say about one operation. Schemas are named; their text is in the table of schemas. */
export interface OperationRow {
  readonly id: string;
  readonly document: 'openmeter' | 'ledgerline';
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  readonly path: string;
  /** The document's success status, before `status-overrides.ts`. */
  readonly status: number;
  readonly parameters: readonly ParameterRow[];
  readonly body?: { readonly required: boolean; readonly media: Readonly<Record<string, string>> };
  /** Status (or `default`) → media type → name of the schema; no media type: the reply has no body. */
  readonly replies: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
