import type { RefusalIssue } from '@ledgerline/kernel';
import type { ErrorObject } from 'ajv';

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const unescape = (segment: string): string => segment.replaceAll('~1', '/').replaceAll('~0', '~');

/** `/phases/0/key` → `.phases[0].key`; whether a number is an index or a name is seen in the data. */
function suffixOf(instancePath: string, data: unknown): { readonly path: string; readonly at: unknown } {
  let path = '';
  let at = data;
  for (const segment of instancePath.split('/').slice(1).map(unescape)) {
    if (Array.isArray(at)) {
      path += `[${segment}]`;
      at = at[Number(segment)];
    } else {
      path += memberPath(segment);
      at = (at as Readonly<Record<string, unknown>> | undefined)?.[segment];
    }
  }
  return { path, at };
}

export const memberPath = (name: string): string =>
  identifier.test(name) ? `.${name}` : `['${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;

interface AjvParams {
  readonly missingProperty?: string;
  readonly allowedValues?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly tag?: string;
  readonly error?: string;
}

const formatHints: Readonly<Record<string, string>> = {
  'date-time': 'an RFC 3339 date-time such as 2025-01-01T00:00:00Z',
  duration: 'an ISO 8601 duration such as P1M',
  ISO8601: 'an ISO 8601 duration such as P1M',
  json: 'a text that holds JSON',
  uri: 'an absolute URI',
  'uri-reference': 'a URI reference',
};

function messageOf(error: ErrorObject): string {
  const params = error.params as AjvParams;
  switch (error.keyword) {
    case 'required':
      return 'is required';
    case 'type':
      return `must be ${[params.type].flat().join(' or ')}`;
    case 'enum':
      return `must be one of ${(params.allowedValues ?? []).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'pattern':
      return `must match ${params.pattern}`;
    case 'format':
      return `must be ${formatHints[params.format ?? ''] ?? `a valid ${params.format}`}`;
    case 'discriminator':
      return params.error === 'mapping' ? 'is not a known kind' : 'is required and must be string';
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

const wrappers = new Set(['anyOf', 'oneOf', 'if']);

/**
 * A failed union leaves one error per branch and one for itself. Those at the same place are alternatives, so they
 * become one error that names them all; the union's own stays only where it is the whole story.
 */
function withoutWrappers(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const plain = errors.filter(({ keyword }) => !wrappers.has(keyword));
  const merged = new Set<string>();
  const kept: ErrorObject[] = [];
  for (const error of plain) {
    const union = unions.find(({ instancePath }) => instancePath === error.instancePath);
    if (union === undefined || error.keyword === 'required') {
      kept.push(error);
      continue;
    }
    if (merged.has(error.instancePath)) continue;
    merged.add(error.instancePath);
    const alternatives = plain.filter(
      (each) => each.instancePath === error.instancePath && each.keyword !== 'required',
    );
    const message = [...new Set(alternatives.map(messageOf))].join(', or ');
    kept.push(alternatives.length === 1 ? error : { ...union, message });
  }
  return kept.length === 0 ? errors : kept;
}

// A client fixes a handful at a time; a body of wrong items must not become an answer larger than itself.
const issuesMax = 20;

/** One issue per thing that ajv found wrong. `root` is what stands before the path: `$`, or a parameter's name. */
export function issuesOf(
  errors: readonly ErrorObject[],
  data: unknown,
  root: string,
): readonly RefusalIssue[] {
  const issues = withoutWrappers(errors).map((error): RefusalIssue => {
    const params = error.params as AjvParams;
    const { path } = suffixOf(error.instancePath, data);
    const member =
      error.keyword === 'required'
        ? params.missingProperty
        : error.keyword === 'discriminator'
          ? params.tag
          : undefined;
    const full = root + path + (member === undefined ? '' : memberPath(member));
    return {
      code: `schema.${error.keyword}`,
      message: messageOf(error),
      field: root === '' ? full.replace(/^\./, '') : full,
      severity: 'critical',
    };
  });
  const seen = new Set<string>();
  const distinct = issues.filter(({ field, message }) => {
    const key = `${field}\n${message}`;
    return !seen.has(key) && seen.add(key);
  });
  return distinct.slice(0, issuesMax);
}
