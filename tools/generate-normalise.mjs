// Turns a schema of OpenAPI 3.0 into one that ajv understands, and says what it means in a request.

/** Members that describe but do not decide. `title` and the like may also be names of properties: see `walk`. */
const prose = new Set(['description', 'title', 'example', 'examples', 'externalDocs', 'deprecated', 'xml']);
const schemaMaps = new Set(['properties', 'patternProperties']);
const schemaLists = new Set(['allOf', 'anyOf', 'oneOf', 'firstMatch', 'onlyMatch']);
const schemaMembers = new Set(['items', 'not', 'additionalProperties', 'if', 'then', 'else']);

/** Copies a schema, giving every sub-schema (and only those, never a property that happens to be called "title") to `change`. */
function walk(schema, change) {
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    if (schemaMaps.has(key))
      copy[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, walk(each, change)]));
    else if (schemaLists.has(key)) copy[key] = value.map((each) => walk(each, change));
    else if (schemaMembers.has(key)) copy[key] = walk(value, change);
    else copy[key] = value;
  }
  return change(copy);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function withoutProse(schema) {
  return Object.fromEntries(
    Object.entries(schema).filter(([key]) => !prose.has(key) && !key.startsWith('x-')),
  );
}

/** OpenAPI 3.0 writes null as `nullable: true`; JSON Schema as one of the types, or as a case of its own. */
function withNull(schema) {
  const { nullable, ...rest } = schema;
  if (nullable !== true) return rest;
  // A type beside `allOf` does not help either: what it is composed of refuses null by itself.
  const isComposed = ['allOf', 'anyOf', 'oneOf', '$ref'].some((key) => rest[key] !== undefined);
  if (rest.type === undefined || isComposed) {
    const { readOnly, default: preset, ...branch } = rest;
    // Not `anyOf`: a mistake inside the branch would also be reported as "must be null".
    const outer = { if: { type: 'null' }, then: {}, else: branch };
    if (readOnly !== undefined) outer.readOnly = readOnly;
    if (preset !== undefined) outer.default = preset;
    return outer;
  }
  const nulled = { ...rest, type: [rest.type, 'null'] };
  // An enum without null would refuse what `nullable` allows.
  if (rest.enum !== undefined && !rest.enum.includes(null)) nulled.enum = [...rest.enum, null];
  return nulled;
}

/** Exclusive bounds are flags in OpenAPI 3.0 and numbers in JSON Schema. */
function withNumericBounds(schema) {
  const copy = { ...schema };
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ]) {
    if (copy[flag] === true) {
      copy[flag] = copy[bound];
      delete copy[bound];
    } else if (copy[flag] === false) delete copy[flag];
  }
  return copy;
}

const refName = (ref) => ref.split('/').at(-1);

/** Whether a schema, or anything it refers to, would fill a default. */
function fillsDefaults(node, document, seen = new Set()) {
  if (Array.isArray(node)) return node.some((each) => fillsDefaults(each, document, seen));
  if (!isObject(node)) return false;
  if (typeof node.$ref === 'string') {
    const name = refName(node.$ref);
    if (seen.has(name)) return false;
    seen.add(name);
    return fillsDefaults(document.components.schemas[name], document, seen);
  }
  return (
    'default' in node ||
    Object.entries(node).some(([key, each]) => key !== 'example' && fillsDefaults(each, document, seen))
  );
}

function change(schema, document) {
  let result = withNumericBounds(withNull(withoutProse(schema)));
  // ajv reads the tag's values from the branches and refuses a mapping that repeats them.
  if (result.discriminator !== undefined)
    result = { ...result, discriminator: { propertyName: result.discriminator.propertyName } };
  if (result.format === 'application/json') delete result.format; // says how a parameter travels, not what it holds
  if (typeof result.$ref === 'string') result = { ...result, $ref: refName(result.$ref) };
  const branches = result.discriminator === undefined ? (result.oneOf ?? result.anyOf) : undefined;
  // ajv tries every branch of a union and leaves the defaults of the ones that do not match behind. Where branches
  // have any, our own keyword first finds the branch that matches, and only that one fills.
  if (branches !== undefined && fillsDefaults(schema.oneOf ?? schema.anyOf, document)) {
    const { oneOf, anyOf, ...rest } = result;
    result = oneOf === undefined ? { ...rest, firstMatch: anyOf } : { ...rest, onlyMatch: oneOf };
  }
  return result;
}

/** The schema as ajv reads it: same meaning, other notation. References become plain names. */
export function normalise(schema, document) {
  return walk(schema, (node) => change(node, document));
}

const resolveName = (schema, schemas) =>
  typeof schema?.$ref === 'string' ? schemas.get(schema.$ref) : schema;

function isReadOnly(schema, schemas) {
  return schema?.readOnly === true || resolveName(schema, schemas)?.readOnly === true;
}

/** Names of properties by which a union tells its branches apart: those are read even when they are read-only. */
function tagsOf(schemas) {
  const tags = new Map();
  const visit = (node) => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (isObject(node)) {
      if (node.discriminator !== undefined)
        for (const branch of node.oneOf ?? [])
          if (branch.$ref !== undefined) tags.set(branch.$ref, node.discriminator.propertyName);
      Object.values(node).forEach(visit);
    }
  };
  for (const schema of schemas.values()) visit(schema);
  return tags;
}

/**
 * What a schema means in a request. OpenAPI: a read-only property may be required in replies only, and one that is
 * sent all the same is ignored – so it is neither demanded, nor checked, nor filled with a default.
 */
export function requestVariant(schema, schemas) {
  const tags = tagsOf(schemas);
  const name = [...schemas].find(([, each]) => each === schema)?.[0];
  return walk(schema, (node) => {
    if (node.properties === undefined) return node;
    const ignored = Object.keys(node.properties).filter(
      (property) => isReadOnly(node.properties[property], schemas) && tags.get(name) !== property,
    );
    if (ignored.length === 0) return node;
    const copy = { ...node, properties: { ...node.properties } };
    for (const property of ignored) copy.properties[property] = {};
    copy.required = (node.required ?? []).filter((property) => !ignored.includes(property));
    if (copy.required.length === 0) delete copy.required;
    return copy;
  });
}
