import { isJsonObject } from '@sluice/core';
import { builtinKinds, type DefinitionField, definitionFields, definitionOf } from '../types/builtin.js';
import type { Json, OpenApiResource, OpenApiVersion } from './resource.js';

/** Collects the schemas that resources refer to, each once, with what those refer to. */
export class SchemaCollector {
  readonly #version: OpenApiVersion;
  readonly #schemas = new Map<string, Json>();

  constructor(version: OpenApiVersion) {
    this.#version = version;
  }

  get schemas(): Readonly<Record<string, Json>> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to the schema of a resource's objects. */
  add(resource: OpenApiResource): Json {
    if (resource.schema !== undefined) return this.#addCustom(resource);
    const name = builtinNames().get(`${resource.group}/${resource.version}/${resource.kind}`);
    return name === undefined ? { type: 'object' } : this.definition(name);
  }

  /** A reference to a built-in definition. */
  definition(name: string): Json {
    const full = fullName(name);
    if (!this.#schemas.has(full)) {
      // Known before it is built: definitions refer to themselves.
      this.#schemas.set(full, {});
      this.#schemas.set(full, this.#build(name));
    }
    return this.#reference(full);
  }

  #reference(name: string): Json {
    return { $ref: `#/${this.#version === 2 ? 'definitions' : 'components/schemas'}/${name}` };
  }

  #build(name: string): Json {
    const { kinds = [], atomic, type } = definitionOf(name);
    const fields = definitionFields(name);
    if (fields === undefined) return { ...specialSchema(name, this.#version), ...(type === 'object' ? { type } : {}) };
    const required = fields.filter(({ flags }) => flags.includes('!')).map((field) => field.name);
    return {
      type: 'object',
      properties: Object.fromEntries(
        fields.map((field) => [field.name, this.#property(field)]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
      ),
      ...(required.length === 0 ? {} : { required: required.sort() }),
      ...(kinds.length === 0
        ? {}
        : { 'x-kubernetes-group-version-kind': kinds.map(([group, version, kind]) => ({ group, version, kind })) }),
      ...(atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  }

  #property({ type, attributes }: DefinitionField): Json {
    const listType = attributes.get('l')?.split(':');
    const enumeration = attributes.get('e')?.split('|');
    const defaultText = attributes.get('d');
    const schema = this.#type(type, enumeration);
    const extra: Json = {
      ...(listType === undefined ? {} : { 'x-kubernetes-list-type': listType[0] }),
      ...(listType?.[1] === undefined ? {} : { 'x-kubernetes-list-map-keys': listType[1].split(',') }),
      ...(attributes.has('m') ? { 'x-kubernetes-map-type': attributes.get('m') } : {}),
      ...(attributes.has('k') ? { 'x-kubernetes-patch-merge-key': attributes.get('k') } : {}),
      ...(attributes.has('p') ? { 'x-kubernetes-patch-strategy': attributes.get('p') } : {}),
      ...(defaultText === undefined ? {} : { default: JSON.parse(defaultText) as unknown }),
    };
    // A reference has no room for anything beside it.
    return '$ref' in schema && this.#version === 3 ? { allOf: [schema], ...extra } : { ...schema, ...extra };
  }

  #type(text: string, enumeration: readonly string[] | undefined): Json {
    if (text.startsWith('[]')) return { type: 'array', items: this.#type(text.slice(2), enumeration) };
    if (text.startsWith('{}')) return { type: 'object', additionalProperties: this.#type(text.slice(2), enumeration) };
    if (text.includes('.')) return this.definition(text);
    return { ...scalarSchema(text), ...(enumeration === undefined ? {} : { enum: enumeration }) };
  }

  #addCustom(resource: OpenApiResource): Json {
    const { group, version, kind, schema = {}, listKind = `${kind}List` } = resource;
    const prefix = `${group.split('.').reverse().join('.')}.${version}`;
    const name = `${prefix}.${kind}`;
    const meta = (type: string): Json => (this.#version === 3 ? { allOf: [this.definition(type)] } : this.definition(type));
    const gvk = (of: string): Json => ({ 'x-kubernetes-group-version-kind': [{ group, version, kind: of }] });
    const common = { apiVersion: { type: 'string' }, kind: { type: 'string' } };
    const free = schema['x-kubernetes-preserve-unknown-fields'] === true && this.#version === 2;
    this.#schemas.set(name, {
      ...(free
        ? { type: 'object' }
        : {
            ...schema,
            properties: {
              ...(isJsonObject(schema['properties']) ? schema['properties'] : {}),
              ...common,
              metadata: meta('meta.v1.ObjectMeta'),
            },
          }),
      ...gvk(kind),
    });
    this.#schemas.set(`${prefix}.${listKind}`, {
      type: 'object',
      required: ['items'],
      properties: { ...common, items: { type: 'array', items: this.#reference(name) }, metadata: meta('meta.v1.ListMeta') },
      ...gvk(listKind),
    });
    return this.#reference(name);
  }
}

let names: Map<string, string> | undefined;

function builtinNames(): ReadonlyMap<string, string> {
  names ??= new Map([...builtinKinds()].map(({ group, version, kind, definition }) => [`${group}/${version}/${kind}`, definition]));
  return names;
}

const roots: readonly (readonly [prefix: RegExp, root: string])[] = [
  [/^meta\./, 'io.k8s.apimachinery.pkg.apis.'],
  [/^(api\.resource|runtime|util|version)\./, 'io.k8s.apimachinery.pkg.'],
  [/^apiextensions\./, 'io.k8s.apiextensions-apiserver.pkg.apis.'],
  [/^apiregistration\./, 'io.k8s.kube-aggregator.pkg.apis.'],
];

/** `core.v1.Pod` → `io.k8s.api.core.v1.Pod`. */
function fullName(name: string): string {
  return `${roots.find(([prefix]) => prefix.test(name))?.[1] ?? 'io.k8s.api.'}${name}`;
}

function specialSchema(name: string, version: OpenApiVersion): Json {
  switch (name) {
    case 'api.resource.Quantity':
      return version === 3 ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { type: 'string' };
    case 'util.intstr.IntOrString':
      return version === 3
        ? { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
        : { type: 'string', format: 'int-or-string' };
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return { type: 'string', format: 'date-time' };
    default:
      return {};
  }
}

function scalarSchema(text: string): Json {
  switch (text) {
    case 'int32':
    case 'int64':
      return { type: 'integer', format: text };
    case 'double':
      return { type: 'number', format: text };
    case 'byte':
    case 'date-time':
      return { type: 'string', format: text };
    case 'object':
      return { type: 'object' };
    case 'any':
      return {};
    default:
      return { type: text };
  }
}
