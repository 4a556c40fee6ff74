// Makes requests for every operation from the documents that the instance itself serves: a new operation is asked too.

type Node = any; // OpenAPI, read only where it is known

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly node: Node;
  readonly document: Node;
  /** It says in the document that it authenticates by itself. */
  readonly isOpen: boolean;
}

export function operationsOf(documents: readonly Node[]): Operation[] {
  return documents.flatMap((document) =>
    Object.entries<Node>(document.paths).flatMap(([path, item]) =>
      Object.entries<Node>(item).map(([method, node]) => ({
        id: node.operationId,
        method: method.toUpperCase(),
        path,
        node,
        document,
        isOpen: node.security !== undefined,
      })),
    ),
  );
}

/** Names and ids of somebody's things, by the parameter or property that takes them. */
export type Things = Readonly<Record<string, readonly string[]>>;

const resolve = (document: Node, node: Node): Node =>
  node?.$ref === undefined
    ? node
    : node.$ref
        .slice(2)
        .split('/')
        .reduce((at: Node, key: string) => at[key], document);

const parametersOf = ({ document, node }: Operation, place: string): Node[] =>
  (node.parameters ?? [])
    .map((parameter: Node) => resolve(document, parameter))
    .filter((parameter: Node) => parameter.in === place);

/** `id` means another thing on each path: the one that the segment before it says. */
function thingOf(path: string, name: string): string {
  const segments = path.split('/');
  return name === 'id' ? (segments[segments.indexOf('{id}') - 1] ?? name) : name;
}

/** Paths with each combination of the things; throws for a parameter that nobody has named a thing for. */
export function pathsOf(operation: Operation, things: Things): string[] {
  let paths = [operation.path];
  for (const { name } of parametersOf(operation, 'path')) {
    const known = things[thingOf(operation.path, name)] ?? things[name];
    if (known === undefined) {
      throw new Error(`${operation.id}: say in the spec what may stand for {${name}} of ${operation.path}`);
    }
    paths = known.flatMap((value) =>
      paths.map((path) => path.replace(`{${name}}`, encodeURIComponent(value))),
    );
  }
  return paths;
}

/** One query string per thing that could be asked for, besides none at all. */
export function queriesOf(operation: Operation, things: Things): string[] {
  const queries = parametersOf(operation, 'query').flatMap(({ name, schema, style }: Node) => {
    const { type } = resolve(operation.document, schema ?? {}) ?? {};
    const known = things[name] ?? [];
    if (type === 'integer' || type === 'boolean' || known.length === 0) return [];
    return known.map((value) =>
      style === 'deepObject' ? '' : `?${new URLSearchParams([[name, value]]).toString()}`,
    );
  });
  return ['', ...queries.filter((query: string) => query !== '')];
}

/** Bodies from the schema: what is required, and everything; wherever a thing's name fits, it stands. */
export function bodiesOf(operation: Operation, things: Things): Node[] {
  const body = resolve(operation.document, operation.node.requestBody);
  if (body === undefined) return [undefined];
  const [media] = Object.values<Node>(body.content);
  return [false, true].map((isWhole) => sampleOf(media.schema, { operation, things, isWhole, depth: 0 }, ''));
}

interface Sampling {
  readonly operation: Operation;
  readonly things: Things;
  readonly isWhole: boolean;
  readonly depth: number;
}

// Deeper than any body that means something; schemas refer to themselves.
const depthMax = 7;

function sampleOf(reference: Node, sampling: Sampling, name: string): Node {
  const schema = resolve(sampling.operation.document, reference);
  const inner = { ...sampling, depth: sampling.depth + 1 };
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const [branch] = schema.oneOf ?? schema.anyOf ?? [];
  if (branch !== undefined) return sampleOf(branch, inner, name);
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part: Node) => sampleOf(part, inner, name));
    return parts.length === 1 ? parts[0] : Object.assign({}, ...parts);
  }
  if (schema.type === 'array')
    return sampling.depth > depthMax ? [] : [sampleOf(schema.items, inner, singular(name))];
  if (schema.properties !== undefined || schema.type === 'object') {
    const required: string[] = schema.required ?? [];
    const wanted = Object.entries<Node>(schema.properties ?? {}).filter(
      ([key, property]) =>
        required.includes(key) ||
        (sampling.isWhole &&
          sampling.depth < depthMax &&
          resolve(sampling.operation.document, property).readOnly !== true),
    );
    return Object.fromEntries(wanted.map(([key, property]) => [key, sampleOf(property, inner, key)]));
  }
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1;
  if (schema.type === 'boolean') return true;
  return textOf(schema, sampling, name);
}

const singular = (name: string): string => name.replace(/s$/, '');

function textOf(schema: Node, { operation, things }: Sampling, name: string): string {
  const known = things[name] ?? things[thingOf(operation.path, name)];
  const [first] = known ?? [];
  if (first !== undefined) return first;
  if (schema.format === 'date-time') return '2030-01-01T00:00:00Z';
  if (/currency/i.test(name)) return 'USD';
  if (/country/i.test(name)) return 'DE';
  if (/(cadence|duration|interval)/i.test(name)) return 'P1M';
  if (/(amount|quantity|price)/i.test(name)) return '1';
  if (/url/i.test(name)) return 'https://127.0.0.1:9/';
  if (/email/i.test(name)) return 'a@b.test';
  return 'probe';
}
