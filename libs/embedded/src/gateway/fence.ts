import { forbidden } from './failures.js';
import type { Token } from './tokens.js';

/**
 * Functions, engines and dictionary sources that reach outside the engine's own tables. The first fence is that
 * callers never build SQL out of strangers' text; this one makes a hole in it a refusal instead of a leak.
 */
const REACHING_OUT = new Set(
  `arrowflight azureblobstorage azureblobstoragecluster azurequeue cluster clusterallreplicas deltalake deltalakeazure
  deltalakecluster deltalakelocal deltalakes3 executable executablepool external externaldistributed file filecluster
  filelog filesystem gcs hdfs hdfscluster hive http hudi hudicluster iceberg icebergazure icebergazurecluster
  iceberghdfs iceberghdfscluster iceberglocal icebergs3 icebergs3cluster icebergcluster jdbc kafka library
  materializedpostgresql mongodb mysql nats odbc oss cosn paimon paimonazure paimonhdfs paimonlocal paimons3
  postgresql prometheusquery python rabbitmq redis remote remotesecure s3 s3cluster s3queue sqlite timeseries
  url urlcluster urlwithheaders ytsaurus cassandra clickhouse distributed`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Statements that read or write whole files, or end the engine. */
const FORBIDDEN_STATEMENTS = new Set(['attach', 'backup', 'restore']);
const TABLE_COMES_NEXT = new Set(['join', 'into', 'table', 'describe', 'desc', 'exists', 'as', 'infile']);
const FROM_ENDS = new Set(
  'where prewhere group order limit offset settings union intersect except having window qualify format on using select'.split(
    ' ',
  ),
);

interface Scope {
  words: number;
  selects: boolean;
  inFrom: boolean;
}

/** Refuses (code 497) statements that reach for files, addresses or other programs. String literals never trigger it. */
export function fence(tokens: readonly Token[], params: ReadonlyMap<string, string>): void {
  const first = tokens[0]?.value ?? '';
  if (FORBIDDEN_STATEMENTS.has(first)) throw forbidden(first.toUpperCase());
  if (first === 'system' && tokens.some(({ value }) => value === 'shutdown' || value === 'kill')) {
    throw forbidden('SYSTEM SHUTDOWN or KILL');
  }
  refuseLosingTheDatabase(tokens);
  const scopes: Scope[] = [{ words: 0, selects: true, inFrom: false }];
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    refuseCalls(token, next);
    refuseFiles(token, next, tokens[index - 1]);
    refuseFileParams(tokens.slice(index, index + 4), params);
    follow(scopes, token);
    // `FROM t, '/etc/passwd'`: a string in a list of tables is a file name to the engine.
    if (token.kind === 'string' && scopes.at(-1)?.inFrom === true)
      throw forbidden('a file in place of a table');
  }
}

/** Without `default` the engine opens no connection any more, so nobody could bring it back. */
function refuseLosingTheDatabase(tokens: readonly Token[]): void {
  const [verb, object] = tokens.map(({ value }) => value.toLowerCase());
  if (!['drop', 'detach', 'rename'].includes(verb ?? '') || object !== 'database') return;
  if (tokens.some(({ kind, value }) => kind !== 'string' && value.toLowerCase() === 'default')) {
    throw forbidden(`${(verb ?? '').toUpperCase()} of the database default`);
  }
}

function refuseCalls(token: Token, next: Token | undefined): void {
  const isName = token.kind === 'word' || token.kind === 'name';
  if (
    isName &&
    next?.value === '(' &&
    next.kind === 'symbol' &&
    REACHING_OUT.has(token.value.toLowerCase())
  ) {
    throw forbidden(`${token.value}(…)`);
  }
}

function refuseFiles(token: Token, next: Token | undefined, previous: Token | undefined): void {
  if (
    token.kind === 'word' &&
    (token.value === 'outfile' || token.value === 'infile') &&
    next?.kind === 'string'
  ) {
    throw forbidden(token.value.toUpperCase());
  }
  // The engine takes `/etc/passwd` in place of a table for a file; no table of ours has a slash in its name.
  if (token.kind === 'name' && token.value.includes('/')) throw forbidden('a slash in a name');
  if (token.kind === 'string' && previous?.kind === 'word' && TABLE_COMES_NEXT.has(previous.value)) {
    if (token.value.includes('/')) throw forbidden('a file in place of a table');
  }
}

/** Keeps track of whether the tokens are a list of tables: FROM after SELECT, until the clause ends. */
function follow(scopes: Scope[], token: Token): void {
  const scope = scopes.at(-1);
  if (scope === undefined) return;
  if (token.kind === 'symbol') {
    if (token.value === '(') scopes.push({ words: 0, selects: false, inFrom: false });
    if (token.value === ')' && scopes.length > 1) scopes.pop();
    return;
  }
  if (token.kind === 'word') {
    if (FROM_ENDS.has(token.value)) scope.inFrom = false;
    if (token.value === 'select' || token.value === 'with') scope.selects = true;
    // trim(BOTH 'x' FROM 'abc') is a FROM of another kind.
    if (token.value === 'from' && (scope.selects || scope.words === 0)) scope.inFrom = true;
  }
  scope.words += 1;
}

/** The other way to name a file in place of a table: as the value of `{name:Identifier}`. */
function refuseFileParams(tokens: readonly Token[], params: ReadonlyMap<string, string>): void {
  const [open, name, colon, type] = tokens;
  if (open?.value !== '{' || colon?.value !== ':' || type?.value !== 'identifier' || name === undefined)
    return;
  for (const [param, value] of params) {
    // Tokens are in lower case, so the comparison is as well: rather one refusal too many.
    if (param.toLowerCase() === name.value.toLowerCase() && value.includes('/'))
      throw forbidden('a slash in a name');
  }
}
