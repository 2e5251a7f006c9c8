import type { ObjectType } from './object-type.js';
import { type FieldNode, type TypeNode, untypedAtomic, untypedDeduced } from './type-node.js';
import { readData } from '../../data.js';

/** The file's format is described in data/generate-types.mjs. */
interface Definition {
  readonly type?: string;
  readonly fields?: readonly string[];
  readonly kinds?: readonly (readonly [group: string, version: string, kind: string])[];
  readonly atomic?: boolean;
}

/** A field of a definition, parsed but with its type still as text. */
export interface DefinitionField {
  readonly name: string;
  readonly flags: string;
  readonly type: string;
  readonly attributes: ReadonlyMap<string, string>;
}

interface Catalogue {
  readonly definitions: ReadonlyMap<string, Definition>;
  /** `apps/v1 Deployment` → definition name. */
  readonly kinds: ReadonlyMap<string, string>;
}

let catalogue: Catalogue | undefined;
const nodes = new Map<string, TypeNode>();
const types = new Map<string, ObjectType | undefined>();

/**
 * The type of a built-in kind, undefined when there is none.
 *
 * ```ts
 * builtinType('apps/v1', 'Deployment')?.root.map?.fields.get('spec');
 * ```
 */
export function builtinType(apiVersion: string, kind: string): ObjectType | undefined {
  const key = `${apiVersion} ${kind}`;
  if (types.has(key)) return types.get(key);
  const definition = load().kinds.get(key);
  const slash = apiVersion.indexOf('/');
  const type: ObjectType | undefined =
    definition === undefined
      ? undefined
      : {
          group: slash < 0 ? '' : apiVersion.slice(0, slash),
          version: apiVersion.slice(slash + 1),
          kind,
          apiVersion,
          root: namedType(definition),
          custom: false,
        };
  // Kinds that do not exist come from requests: they are not remembered, or a client could fill the memory.
  if (type !== undefined) types.set(key, type);
  return type;
}

/** All built-in kinds as `[group, version, kind]`, with the name of their definition. */
export function builtinKinds(): Iterable<{ group: string; version: string; kind: string; definition: string }> {
  return [...load().definitions].flatMap(([definition, { kinds = [] }]) =>
    kinds.map(([group, version, kind]) => ({ group, version, kind, definition })),
  );
}

/** The node of a definition: `core.v1.Container`. */
export function namedType(name: string): TypeNode {
  const known = nodes.get(name) ?? special(name);
  if (known !== undefined) return known;
  const definition = definitionOf(name);
  if (definition.fields === undefined) {
    const node = definition.type === 'object' || definition.type === 'any' ? freeForm(definition.type) : scalarType(definition.type ?? '');
    nodes.set(name, node);
    return node;
  }
  const fields = new Map<string, FieldNode>();
  const node: TypeNode = { go: 'struct', goName: goNameOf(name), map: { fields, element: undefined, atomic: definition.atomic === true } };
  // Remembered before its fields are built: types refer to themselves.
  nodes.set(name, node);
  for (const text of definition.fields) {
    const field = parseField(text);
    fields.set(field.name, fieldNode(field));
  }
  return node;
}

/** `core.v1.Container` → `v1.Container`, as Go's messages name it. */
function goNameOf(name: string): string {
  return name.split('.').slice(-2).join('.');
}

/** A definition's fields in the order of the Go struct; undefined for what is not a struct. */
export function definitionFields(name: string): readonly DefinitionField[] | undefined {
  return definitionOf(name).fields?.map(parseField);
}

export function definitionOf(name: string): Definition {
  const definition = load().definitions.get(name);
  if (definition === undefined) throw new Error(`data/types.json has no definition ${name}`);
  return definition;
}

function load(): Catalogue {
  if (catalogue === undefined) {
    const data = readData('types') as {
      definitions: Record<string, Definition>;
    };
    const definitions = new Map(Object.entries(data.definitions));
    const kinds = new Map<string, string>();
    for (const [name, definition] of definitions) {
      for (const [group, version, kind] of definition.kinds ?? []) kinds.set(`${group === '' ? '' : `${group}/`}${version} ${kind}`, name);
    }
    catalogue = { definitions, kinds };
  }
  return catalogue;
}

function parseField(text: string): DefinitionField {
  const [name = '', flags = '', type = '', ...rest] = text.split(' ');
  const attributes = new Map<string, string>();
  for (const [index, attribute] of rest.entries()) {
    // A default is the last attribute and may hold spaces.
    const value = attribute.startsWith('d=') ? rest.slice(index).join(' ') : attribute;
    attributes.set(value.slice(0, 1), value.slice(2));
    if (value !== attribute) break;
  }
  return { name, flags, type, attributes };
}

function fieldNode({ name, flags, type, attributes }: DefinitionField): FieldNode {
  const mergeKey = attributes.get('k');
  const node = withGoName(fieldType(type, attributes), attributes.get('t'));
  const defaultText = attributes.get('d');
  const enumeration = attributes.get('e');
  // A field that is always written has the zero value as its default.
  const defaultValue: unknown = defaultText !== undefined ? JSON.parse(defaultText) : /[?*]/.test(flags) ? undefined : zeroOf(node);
  return {
    name,
    type: node,
    required: flags.includes('!'),
    omitEmpty: flags.includes('?'),
    omitZero: flags.includes('~'),
    pointer: flags.includes('*'),
    patchStrategies: attributes.get('p')?.split(',') ?? [],
    ...(mergeKey === undefined ? {} : { patchMergeKey: mergeKey }),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...(enumeration === undefined ? {} : { enum: enumeration.split('|') }),
  };
}

/** A type under the name that Go has for it, for messages. */
function withGoName(node: TypeNode, goName: string | undefined): TypeNode {
  if (goName === undefined) return node;
  if (!goName.startsWith('[]') || node.list === undefined) return { ...node, goName };
  return { ...node, list: { ...node.list, element: withGoName(node.list.element, goName.slice(2)) } };
}

function zeroOf({ go }: TypeNode): unknown {
  switch (go) {
    case 'string':
      return '';
    case 'int32':
    case 'int64':
      return 0;
    case 'boolean':
      return false;
    default:
      return undefined;
  }
}

function fieldType(text: string, attributes: ReadonlyMap<string, string>): TypeNode {
  const node = typeOfText(text);
  const listType = attributes.get('l');
  if (node.list !== undefined && node.go === 'list') {
    const strategies = attributes.get('p')?.split(',') ?? [];
    const mergeKey = attributes.get('k');
    if (listType?.startsWith('map:') === true) {
      return { ...node, list: { element: node.list.element, atomic: false, keys: listType.slice('map:'.length).split(',') } };
    }
    if (listType === 'set') return { ...node, list: { element: node.list.element, atomic: false, keys: [] } };
    if (listType === undefined && strategies.includes('merge')) {
      return { ...node, list: { element: node.list.element, atomic: false, keys: mergeKey === undefined ? [] : [mergeKey] } };
    }
    return node;
  }
  if (node.map !== undefined && attributes.get('m') === 'atomic') return { ...node, map: { ...node.map, atomic: true } };
  return node;
}

function typeOfText(text: string): TypeNode {
  if (text.startsWith('[]')) return { go: 'list', list: { element: typeOfText(text.slice(2)), atomic: true, keys: [] } };
  if (text.startsWith('{}')) return { go: 'map', map: { fields: new Map(), element: typeOfText(text.slice(2)), atomic: false } };
  if (text === 'object' || text === 'any') return freeForm(text);
  return text.includes('.') ? namedType(text) : scalarType(text);
}

function freeForm(type: string): TypeNode {
  return type === 'object' ? { go: 'any', map: { fields: new Map(), element: untypedDeduced, atomic: false } } : untypedDeduced;
}

/** Definitions whose Go type reads its JSON by itself. */
function special(name: string): TypeNode | undefined {
  switch (name) {
    case 'api.resource.Quantity':
      return quantity;
    case 'meta.v1.Time':
      return time;
    case 'meta.v1.MicroTime':
      return microTime;
    case 'util.intstr.IntOrString':
      return intOrString;
    case 'runtime.RawExtension':
      return rawExtension;
    default:
      return undefined;
  }
}

const quantity: TypeNode = { go: 'quantity', scalar: 'untyped' };
const time: TypeNode = { go: 'time', scalar: 'untyped' };
const microTime: TypeNode = { go: 'microTime', scalar: 'untyped' };
const intOrString: TypeNode = { go: 'intOrString', scalar: 'untyped' };
const rawExtension: TypeNode = { ...untypedAtomic, go: 'raw' };
const scalars: Readonly<Record<string, TypeNode>> = {
  string: { go: 'string', scalar: 'string' },
  boolean: { go: 'boolean', scalar: 'boolean' },
  int32: { go: 'int32', scalar: 'numeric' },
  int64: { go: 'int64', scalar: 'numeric' },
  double: { go: 'double', scalar: 'numeric' },
  byte: { go: 'byte', scalar: 'string' },
  'date-time': time,
  'int-or-string': intOrString,
};

function scalarType(text: string): TypeNode {
  const node = scalars[text];
  if (node === undefined) throw new Error(`data/types.json has a type ${text} that is not known`);
  return node;
}
