import { isJsonObject } from '@sluice/core';
import { kindsOfMetadata, mergeTypes } from './kubernetes-1.21.js';

/** What is known about a value for merging it. */
export interface MergeSchema {
  /** The schema of a field of it; undefined when nothing is known. */
  field(name: string): MergeSchema | undefined;
  /** The schema of its elements. */
  elements(): MergeSchema | undefined;
  /** For a list that merges: the keys by which its elements are the same, none for plain values. Undefined: the list is replaced. */
  readonly mergeKeys: readonly string[] | undefined;
}

/** Finds the schema of a kind by `apiVersion/Kind`. */
export type SchemaLookup = (type: string) => MergeSchema | undefined;

interface TypeField {
  readonly mergeKeys: readonly string[] | undefined;
  readonly isList: boolean;
  readonly type: string | undefined;
}

type TypeFields = ReadonlyMap<string, TypeField>;

/** The built-in types. Their fields are read when they are first asked for: a build needs few of hundreds. */
interface BuiltInTypes {
  readonly types: Map<string, TypeFields | string>;
  readonly typeOfKind: ReadonlyMap<string, string>;
}

let builtIn: BuiltInTypes | undefined;

/** The schema of a kind of Kubernetes 1.21. */
export const builtInSchema: SchemaLookup = (kind) => {
  builtIn ??= readBuiltInTypes();
  const type = builtIn.typeOfKind.get(kind);
  return type === undefined ? undefined : typeSchema(builtIn, type);
};

const METADATA_ONLY = 'metadata only';

function readBuiltInTypes(): BuiltInTypes {
  const types = new Map<string, TypeFields | string>();
  const typeOfKind = new Map<string, string>();
  for (const line of mergeTypes.trim().split('\n')) {
    const end = line.indexOf(' ');
    const [name = '', kinds] = line.slice(0, end).split(/[<>]/);
    for (const kind of kinds?.split(',') ?? []) typeOfKind.set(kind, name);
    types.set(name, line.slice(end + 1));
  }
  types.set(METADATA_ONLY, 'metadata=meta.v1.ObjectMeta');
  for (const kind of kindsOfMetadata.trim().split(/\s+/)) typeOfKind.set(kind, METADATA_ONLY);
  return { types, typeOfKind };
}

function fieldsOf({ types }: BuiltInTypes, type: string): TypeFields | undefined {
  const known = types.get(type);
  if (typeof known !== 'string') return known;
  const fields = new Map(known.split(' ').map(readField));
  types.set(type, fields);
  return fields;
}

function readField(text: string): [string, TypeField] {
  const [, name = '', list, type] = /^([^[=]+)(?:\[([^\]]*)\])?(?:=(.+))?$/.exec(text) ?? [];
  const mergeKeys = list === undefined || list === '*' ? undefined : list === '' ? [] : list.split(',');
  return [name, { mergeKeys, isList: list !== undefined, type }];
}

function typeSchema(known: BuiltInTypes, type: string): MergeSchema {
  const fields = fieldsOf(known, type);
  return {
    mergeKeys: undefined,
    elements: () => undefined,
    field(name) {
      const field = fields?.get(name);
      if (field === undefined) return undefined;
      const itsType = field.type === undefined ? undefined : typeSchema(known, field.type);
      if (!field.isList) return itsType;
      return { mergeKeys: field.mergeKeys, elements: () => itsType, field: () => undefined };
    },
  };
}

/** The schema of a type of Kubernetes 1.21 by the name of its OpenAPI definition. */
function builtInDefinition(name: string): MergeSchema | undefined {
  builtIn ??= readBuiltInTypes();
  const type = name.replace(/^io\.k8s\.(?:api|(?:apimachinery|kube-aggregator|apiextensions-apiserver)\.pkg\.apis)\./, '');
  return builtIn.types.has(type) ? typeSchema(builtIn, type) : undefined;
}

/** Which definition counts when a document has one that is built in too: only the document's, the built-in one, or the document's. */
export type BuiltInPrecedence = 'none' | 'first' | 'last';

/** Definitions of an OpenAPI v2 document, and the kinds they describe. */
export interface OpenApiDefinitions {
  readonly lookup: SchemaLookup;
  /** Whether a kind is known to live in a namespace; undefined when the document does not say. */
  isNamespaced(type: string): boolean | undefined;
}

/** Reads an OpenAPI v2 document as far as merging needs it. */
export function openApiDefinitions(document: unknown, builtIn: BuiltInPrecedence): OpenApiDefinitions {
  const root = objectOf(document);
  const definitions = objectOf(root['definitions']);
  const byKind = new Map<string, unknown>();
  for (const name of Object.keys(definitions)) {
    const definition = definitions[name];
    const gvks = objectOf(definition)['x-kubernetes-group-version-kind'];
    for (const gvk of Array.isArray(gvks) ? gvks : []) byKind.set(typeText(gvk), definition);
  }
  const scopes = readScopes(objectOf(root['paths']));
  return {
    lookup(kind) {
      const known = builtIn === 'none' ? undefined : builtInSchema(kind);
      const own = byKind.has(kind) ? openApiSchema({ definitions, builtIn }, byKind.get(kind)) : undefined;
      return builtIn === 'first' ? (known ?? own) : (own ?? known);
    },
    isNamespaced: (kind) => scopes.get(kind),
  };
}

function typeText(gvk: unknown): string {
  const { group, version, kind } = objectOf(gvk);
  const apiVersion = typeof group === 'string' && group !== '' ? `${group}/${String(version)}` : String(version);
  return `${apiVersion}/${String(kind)}`;
}

interface Definitions {
  readonly definitions: Record<string, unknown>;
  readonly builtIn: BuiltInPrecedence;
}

const MAX_REFERENCES = 100;

function openApiSchema(known: Definitions, schema: unknown, hops = 0): MergeSchema | undefined {
  const own = objectOf(schema);
  const reference = own['$ref'];
  if (typeof reference === 'string') {
    const name = reference
      .replace(/^#\/definitions\//, '')
      .replaceAll('~1', '/')
      .replaceAll('~0', '~');
    const found = known.builtIn === 'none' ? undefined : builtInDefinition(name);
    const isOwn = Object.hasOwn(known.definitions, name) && hops < MAX_REFERENCES;
    if (!isOwn || (known.builtIn === 'first' && found !== undefined)) return found;
    return openApiSchema(known, known.definitions[name], hops + 1);
  }
  return {
    mergeKeys: mergeKeysOf(own),
    field(name) {
      const properties = objectOf(own['properties']);
      const field = Object.hasOwn(properties, name) ? properties[name] : own['additionalProperties'];
      return isJsonObject(field) ? openApiSchema(known, field) : undefined;
    },
    elements: () => (own['type'] === 'array' && isJsonObject(own['items']) ? openApiSchema(known, own['items']) : undefined),
  };
}

/** Merge information counts only beside a patch strategy; list-map-keys then go before the merge key. */
function mergeKeysOf(schema: Record<string, unknown>): readonly string[] | undefined {
  const strategy = schema['x-kubernetes-patch-strategy'];
  if (typeof strategy !== 'string' || !strategy.split(',').includes('merge')) return undefined;
  const mapKeys = schema['x-kubernetes-list-map-keys'];
  if (Array.isArray(mapKeys)) return mapKeys.map(String);
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  return typeof mergeKey === 'string' ? [mergeKey] : [];
}

function readScopes(paths: Record<string, unknown>): Map<string, boolean> {
  const scopes = new Map<string, boolean>();
  for (const path of Object.keys(paths)) {
    const gvk = objectOf(objectOf(paths[path])['get'])['x-kubernetes-group-version-kind'];
    if (gvk === undefined) continue;
    const type = typeText(gvk);
    if (path.includes('namespaces/{namespace}')) scopes.set(type, true);
    else if (!scopes.has(type)) scopes.set(type, false);
  }
  return scopes;
}

function objectOf(value: unknown): Record<string, unknown> {
  return isJsonObject(value) ? value : {};
}
