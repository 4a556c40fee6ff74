import { operationRow, type OperationId } from '@ledgerline/contract';
import { readFileSync } from 'node:fs';

type Schema = Readonly<Record<string, any>>;
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, any>>>>;
  readonly components: any;
}

const documents = new Map<string, Document>();
function documentOf(name: string): Document {
  const known = documents.get(name);
  if (known !== undefined) return known;
  const file = new URL(`../../contract/openapi/${name}.openapi.gen.json`, import.meta.url);
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  documents.set(name, document);
  return document;
}

/** A request that is fine as it stands; one text of it is then replaced. */
export interface BaseRequest {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One place of one operation that takes a text from outside. */
export interface Slot {
  readonly operation: OperationId;
  /** As people would call it: `query filterGroupBy[key]`. */
  readonly name: string;
  readonly request: (base: BaseRequest, text: string) => HostileRequest;
}

export interface HostileRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

// A filter within a filter has texts at every depth; the second level is where they repeat.
const depthMax = 4;

/** Every place of an operation where a text can stand, as its document has it: nobody has to think of a new one. */
export function slotsOf(operation: OperationId): readonly Slot[] {
  const row = operationRow(operation);
  const document = documentOf(row.document);
  const deref = (schema: Schema): Schema =>
    typeof schema['$ref'] === 'string'
      ? schema['$ref']
          .slice(2)
          .split('/')
          .reduce<any>((at, key) => at[key], document)
      : schema;
  const operationObject = document.paths[row.path]?.[row.method.toLowerCase()];
  const parameters: readonly Schema[] = (operationObject.parameters ?? []).map(deref);
  const slot = (name: string, change: (base: BaseRequest, text: string) => BaseRequest): Slot => ({
    operation,
    name,
    request: (base, text) => assemble(row.method, row.path, change(base, text)),
  });
  const slots: Slot[] = [];
  for (const parameter of parameters) {
    const name: string = parameter['name'];
    if (parameter['in'] === 'path') {
      slots.push(slot(`path ${name}`, (base, text) => ({ ...base, path: { ...base.path, [name]: text } })));
    } else if (parameter['in'] === 'query') {
      const json = parameter['content']?.['application/json']?.schema;
      const inQuery =
        (key: (text: string) => string, value: (text: string) => string) =>
        (base: BaseRequest, text: string): BaseRequest => ({
          ...base,
          query: { ...base.query, [key(text)]: value(text) },
        });
      slots.push(
        slot(
          `query ${name}`,
          inQuery(
            () => name,
            (text) => text,
          ),
        ),
      );
      const places = textPlaces(json ?? parameter['schema'], deref, 0).filter(
        ({ steps }) => steps.length > 0,
      );
      for (const place of places) {
        slots.push(
          slot(
            `query ${name} as JSON ${place.name}`,
            inQuery(
              () => name,
              (text) => JSON.stringify(place.fill(text)),
            ),
          ),
        );
        const bracketed = (text: string): string =>
          `${name}${place.steps.map((step) => `[${step === textStep ? text : step}]`).join('')}`;
        slots.push(
          slot(
            `query ${name} in brackets ${place.name}`,
            inQuery(bracketed, (text) => text),
          ),
        );
      }
    }
  }
  const body = operationObject.requestBody === undefined ? undefined : deref(operationObject.requestBody);
  const bodySchema = body?.['content']?.['application/json']?.schema;
  if (bodySchema !== undefined) {
    for (const place of textPlaces(bodySchema, deref, 0)) {
      slots.push(
        slot(`body ${place.name}`, (base, text) => {
          const filled = place.fill(text);
          return { ...base, body: { ...base.body, ...(filled as Record<string, unknown>) } };
        }),
      );
    }
  }
  for (const header of ['accept', 'authorization', 'x-request-id', 'content-type']) {
    // Headers hold bytes, not texts: what they cannot carry never arrives.
    slots.push(
      slot(`header ${header}`, (base, text) => ({
        ...base,
        headers: { ...base.headers, [header]: text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '') },
      })),
    );
  }
  return slots;
}

/** Stands for the hostile text where it is a key. */
const textStep = Symbol('text');

interface TextPlace {
  readonly name: string;
  readonly steps: readonly (string | typeof textStep)[];
  readonly fill: (text: string) => unknown;
}

function textPlaces(schema: Schema, deref: (schema: Schema) => Schema, depth: number): readonly TextPlace[] {
  const target = deref(schema);
  if (depth > depthMax) return [];
  const branches = [...(target['allOf'] ?? []), ...(target['anyOf'] ?? []), ...(target['oneOf'] ?? [])];
  const places: TextPlace[] = branches.flatMap((branch: Schema) => [...textPlaces(branch, deref, depth + 1)]);
  if (target['type'] === 'string') places.push({ name: '', steps: [], fill: (text) => text });
  if (target['items'] !== undefined) {
    places.push(
      ...textPlaces(target['items'], deref, depth + 1).map((inner) => ({
        name: `[]${inner.name}`,
        steps: ['0', ...inner.steps],
        fill: (text: string) => [inner.fill(text)],
      })),
    );
  }
  for (const [key, property] of Object.entries<Schema>(target['properties'] ?? {})) {
    places.push(
      ...textPlaces(property, deref, depth + 1).map((inner) => ({
        name: `.${key}${inner.name}`,
        steps: [key, ...inner.steps],
        fill: (text: string) => ({ [key]: inner.fill(text) }),
      })),
    );
  }
  const values = target['additionalProperties'];
  if (typeof values === 'object' && values !== null) {
    for (const inner of textPlaces(values, deref, depth + 1)) {
      places.push(
        {
          name: `.model${inner.name}`,
          steps: ['model', ...inner.steps],
          fill: (text) => ({ model: inner.fill(text) }),
        },
        // Also as the key, of a value that is fine or hostile itself.
        {
          name: `.*${inner.name}`,
          steps: [textStep, ...inner.steps],
          fill: (text) => ofKey(text, inner.fill(text)),
        },
      );
    }
  }
  return places;
}

/** An own property whatever its name: `__proto__` too. */
const ofKey = (key: string, value: unknown): Record<string, unknown> => Object.fromEntries([[key, value]]);

/** A lone half of a pair has no form in a URL. */
const encoded = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'));

function assemble(method: string, template: string, request: BaseRequest): HostileRequest {
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = request.path?.[name];
    if (value === undefined) throw new Error(`${method} ${template}: the spec has no base value for ${name}`);
    return encoded(value);
  });
  const query = Object.entries(request.query ?? {})
    .map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
    .join('&');
  const body = request.body === undefined ? {} : { body: JSON.stringify(request.body) };
  return {
    method,
    url: query === '' ? path : `${path}?${query}`,
    headers: {
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...body,
  };
}
