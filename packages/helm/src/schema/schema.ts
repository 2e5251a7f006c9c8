import { SluiceError, deepEqual, isJsonObject, type Json } from '@sluice/core';
import { RE2JS } from 're2js';

/** A schema document, with what is looked up in it again and again. */
export interface SchemaDocument {
  readonly root: SchemaNode;
  readonly draft: Draft;
  /** The schema that a `$ref` leads to. */
  readonly resolve: (reference: string, base: string) => ResolvedSchema;
}

export type SchemaNode = boolean | Readonly<Record<string, Json>>;

/** The year of a draft, so that they can be compared: 4, 6, 7, 2019, 2020. */
export type Draft = 4 | 6 | 7 | 2019 | 2020;

export interface ResolvedSchema {
  readonly schema: SchemaNode;
  /** The `$id` that references in it are relative to. */
  readonly base: string;
}

/** Where the schema of a chart is, for references: nothing is read from there. */
const ROOT = 'file:///values.schema.json';
const MAX_SCHEMA_DEPTH = 500;

/** Prepares a schema. Throws where it says something that a schema can't. References out of it are not followed: no network, no files. */
export function readSchema(root: Json): SchemaDocument {
  if (typeof root !== 'boolean' && !isJsonObject(root)) throw invalid('a schema is an object, true or false');
  const draft = draftOf(root);
  const places = new Map<string, ResolvedSchema>();
  collect(root, ROOT, places, draft, 0);
  places.set(ROOT, { schema: root, base: baseOf(root, ROOT, draft) });
  const resolved = new Map<string, ResolvedSchema>();
  const resolve = (reference: string, base: string): ResolvedSchema => {
    const key = `${base}\n${reference}`;
    let found = resolved.get(key);
    if (found === undefined) {
      found = lookUp(reference, base, places);
      resolved.set(key, found);
    }
    return found;
  };
  return { root: root, draft, resolve };
}

function draftOf(root: SchemaNode): Draft {
  const name = typeof root === 'boolean' ? undefined : keyword(root, '$schema');
  if (typeof name !== 'string') return 2020;
  if (/^https?:\/\/json-schema\.org\/schema#?$/.test(name)) return 2020;
  const match = /^https?:\/\/json-schema\.org\/(?:draft-0([467])|draft\/(2019-09|2020-12))\/schema#?$/.exec(name);
  if (match?.[1] !== undefined) return Number(match[1]) as Draft;
  if (match?.[2] !== undefined) return match[2] === '2019-09' ? 2019 : 2020;
  throw invalid(`the $schema ${JSON.stringify(name)} is not one that is known here (drafts 4, 6, 7, 2019-09, 2020-12); it is not fetched`);
}

/** The value of a keyword; own keys only. */
export function keyword(schema: Readonly<Record<string, Json>>, name: string): Json | undefined {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

export function baseOf(schema: SchemaNode, base: string, draft: Draft): string {
  if (typeof schema === 'boolean') return base;
  const id = keyword(schema, draft === 4 ? 'id' : '$id');
  // In older drafts nothing beside a $ref counts.
  if (typeof id !== 'string' || id.startsWith('#') || (draft < 2019 && Object.hasOwn(schema, '$ref'))) return base;
  return absolute(id, base);
}

/** Finds all schemas that have an `$id` or an anchor. */
function collect(value: Json, base: string, places: Map<string, ResolvedSchema>, draft: Draft, depth: number): void {
  if (depth > MAX_SCHEMA_DEPTH) throw invalid(`it is nested more than ${MAX_SCHEMA_DEPTH} deep`);
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) collect(item, base, places, draft, depth + 1);
    return;
  }
  if (!isJsonObject(value)) return;
  const schema = value as Record<string, Json>;
  const own = baseOf(schema, base, draft);
  if (own !== base) places.set(own, { schema, base: own });
  for (const name of ['$anchor', '$dynamicAnchor']) {
    const anchor = keyword(schema, name);
    if (typeof anchor === 'string') places.set(`${own}#${anchor}`, { schema, base: own });
  }
  const id = keyword(schema, '$id');
  if (draft < 2019 && typeof id === 'string' && id.startsWith('#')) places.set(`${own}${id}`, { schema, base: own });
  for (const key of Object.keys(schema)) {
    if (key !== 'const' && key !== 'enum' && key !== 'default' && key !== 'examples')
      collect(schema[key] ?? null, own, places, draft, depth + 1);
  }
}

function lookUp(reference: string, base: string, places: ReadonlyMap<string, ResolvedSchema>): ResolvedSchema {
  const target = absolute(reference, base);
  const hash = target.indexOf('#');
  const address = hash < 0 ? target : target.slice(0, hash);
  const fragment = hash < 0 ? '' : decode(target.slice(hash + 1), reference);
  const named = places.get(`${address}#${fragment}`);
  if (fragment !== '' && named !== undefined) return named;
  const document = places.get(address);
  if (document === undefined) {
    if (address.startsWith('urn:')) return { schema: true, base };
    throw invalid(`the $ref ${JSON.stringify(reference)} leads out of the chart; schemas are not fetched, put it below "$defs"`);
  }
  if (fragment === '') return document;
  if (!fragment.startsWith('/')) throw invalid(`the $ref ${JSON.stringify(reference)} leads nowhere`);
  let value: Json | undefined = document.schema;
  let { base: inside } = document;
  for (const token of fragment.slice(1).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(key)];
    else if (isJsonObject(value)) value = keyword(value, key);
    else value = undefined;
    if (isJsonObject(value)) inside = baseOf(value, inside, 2020);
  }
  if (typeof value !== 'boolean' && !isJsonObject(value)) throw invalid(`the $ref ${JSON.stringify(reference)} leads nowhere`);
  return { schema: value, base: inside };
}

function absolute(reference: string, base: string): string {
  try {
    return new URL(reference, base).href.replace(/#$/, '');
  } catch {
    return reference;
  }
}

function decode(fragment: string, reference: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw invalid(`the $ref ${JSON.stringify(reference)} is malformed`);
  }
}

const patterns = new Map<string, RE2JS>();
const MAX_PATTERNS = 2_000;

/** Whether a text matches a pattern of a schema. Linear in time: RE2's rules, as Go has them. */
export function matchesPattern(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    try {
      compiled = RE2JS.compile(pattern);
    } catch {
      throw invalid(`'${pattern}' is not a valid regular expression`);
    }
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(pattern, compiled);
  }
  return compiled.matcher(text).find();
}

/** Equal as JSON Schema has it: 1 and 1.0 are, and so are an int64 and a float64. */
export function equalValues(a: Json, b: Json): boolean {
  return deepEqual(plain(a), plain(b));
}

function plain(value: Json): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(plain);
  return value;
}

function invalid(why: string): SluiceError {
  return new SluiceError('ChartInvalid', `values.schema.json is not a schema that can be used: ${why}`, {
    place: { file: 'values.schema.json' },
  });
}
