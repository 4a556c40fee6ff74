import type {
  components as LedgerlineComponents,
  operations as LedgerlineOperations,
} from './ledgerline.gen.js';
import type {
  components as OpenMeterComponents,
  operations as OpenMeterOperations,
} from './openmeter.gen.js';
import type { OperationRow } from './operation-row.js';
import { operationTable, type OperationId, type QueryDefaults } from './operations.gen.js';
import type { MediaReply, RedirectReply, StreamReply } from './reply.js';
import { statusOverrides } from './status-overrides.js';

export type { OperationId };

/** All operations of both documents, as openapi-typescript writes them. */
export type operations = OpenMeterOperations & LedgerlineOperations;

/** `components['schemas']['Meter']`: the schemas of both documents; the generator refuses a name that stands in two. */
export interface components {
  schemas: OpenMeterComponents['schemas'] & LedgerlineComponents['schemas'];
}

/** Who asks, from where: set by the HTTP layer before an operation runs. */
export interface RequestContext {
  readonly namespace: string;
  readonly actor: string;
  readonly requestId: string;
}

type Nothing = Readonly<Record<string, never>>;
type Parameters<Id extends OperationId> = operations[Id]['parameters'];
type Given<T> = [T] extends [never] ? Nothing : T;

type PathOf<Id extends OperationId> = Given<NonNullable<Parameters<Id>['path']>>;
type RawQueryOf<Id extends OperationId> = Given<NonNullable<Parameters<Id>['query']>>;
type Filled<Q, Names extends PropertyKey> = Omit<Q, Names> & { [K in keyof Q & Names]-?: NonNullable<Q[K]> };
type QueryOf<Id extends OperationId> = [QueryDefaults[Id]] extends [never]
  ? RawQueryOf<Id>
  : Filled<RawQueryOf<Id>, QueryDefaults[Id]>;
type BodyOf<Id extends OperationId> = operations[Id] extends { requestBody: { content: infer Content } }
  ? Content[keyof Content]
  : undefined;

/** A validated request, defaults filled. Header names are lower-case. */
export interface OpRequest<Id extends OperationId> {
  readonly path: PathOf<Id>;
  readonly query: QueryOf<Id>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: BodyOf<Id>;
  /** The body's bytes as they came (signatures are computed over these); absent where a parser stood in front. */
  readonly rawBody?: Uint8Array;
  readonly context: RequestContext;
}

type Responses<Id extends OperationId> = operations[Id]['responses'];
type SuccessContent<R> = {
  [Status in keyof R & (200 | 201 | 202)]: R[Status] extends { content: infer Content } ? Content : never;
}[keyof R & (200 | 201 | 202)];
type JsonOf<Content> = Content extends { 'application/json': infer Body } ? Body : never;
type OtherMediaOf<Content> = [Content] extends [never]
  ? never
  : [Exclude<keyof Content, 'application/json'>] extends [never]
    ? never
    : 'text/event-stream' extends keyof Content
      ? StreamReply
      : MediaReply;
type RedirectOf<R> = R extends { 303: unknown } ? RedirectReply : never;
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- it only ever stands as a handler's return type
type VoidIfNever<T> = [T] extends [never] ? void : T;

/** What a handler may answer: the success body, a media reply where the operation offers another medium, or nothing. */
export type OpReply<Id extends OperationId> = VoidIfNever<
  | JsonOf<SuccessContent<Responses<Id>>>
  | OtherMediaOf<SuccessContent<Responses<Id>>>
  | RedirectOf<Responses<Id>>
>;

export type OpHandler<Id extends OperationId> = (
  request: OpRequest<Id>,
) => OpReply<Id> | Promise<OpReply<Id>>;

export const operationIds = Object.keys(operationTable) as readonly OperationId[];

export const isOperationId = (id: string): id is OperationId => Object.hasOwn(operationTable, id);

/** The table's row of an operation. Throws for an id that no document knows. */
export function operationRow(id: OperationId): OperationRow {
  if (!isOperationId(id)) throw new Error(`no document has an operation called ${String(id)}`);
  return operationTable[id];
}

/** The status of a successful answer: the document's, unless `status-overrides.ts` says otherwise. */
export const successStatus = (id: OperationId): number =>
  statusOverrides[id]?.status ?? operationRow(id).status;

export const isJsonOnly = (id: OperationId): boolean =>
  Object.keys(operationRow(id).replies[String(operationRow(id).status)] ?? {}).every(
    (media) => media === 'application/json',
  );

const templates = new Map<string, RegExp>();

function matches(template: string, pathname: string): boolean {
  let pattern = templates.get(template);
  if (pattern === undefined) {
    const literal = template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+');
    pattern = new RegExp(`^${literal}$`);
    templates.set(template, pattern);
  }
  return pattern.test(pathname);
}

/** The methods that a path of the contract knows: empty → 404, without the one asked → 405 with `Allow`. */
export const methodsOf = (pathname: string): readonly string[] =>
  operationIds
    .map((id) => operationTable[id])
    .filter(({ path }) => matches(path, pathname))
    .map(({ method }) => method);
